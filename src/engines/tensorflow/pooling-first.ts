/** The order of ReLU and max pooling: both keep the larger, so they may change places, and ReLU after the pool is a quarter of the work. */
import type { Graph, Layer } from "../../models/graph.js";

/**
 * A graph with the same logits and gradients, bit for bit: where only a max pool reads a ReLU, the pool comes first. Each
 * takes the name of its new place, so that the value after both is still known by the pool's.
 */
export function poolingFirst(graph: Graph): Graph {
  const exchanged = new Map<Layer, Layer>();
  for (const relu of graph.filter(({ op }) => op === "relu")) {
    const [reader, ...others] = graph.filter(({ inputs }) => inputs.includes(relu.name));
    if (reader?.op !== "maxpool" || others.length > 0) continue;
    exchanged.set(relu, reader);
    exchanged.set(reader, relu);
  }
  return graph.map((layer) => {
    const { name, inputs } = layer;
    return { ...(exchanged.get(layer) ?? layer), name, inputs };
  });
}
