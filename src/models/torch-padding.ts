/** A graph with its convolutions padded as PyTorch does: alike on all sides, where TensorFlow's rule depends on the stride. */
import type { Graph } from "./graph.js";

/** Only kernels above 1 with a stride differ: (kernel - 1) / 2 zeros on each side instead of the odd row and column at the end. */
export function torchPadded(graph: Graph): Graph {
  return graph.map((layer) =>
    layer.op === "conv" && layer.padding === "same" && layer.stride > 1 && layer.kernel > 1
      ? { ...layer, padding: (layer.kernel - 1) / 2 }
      : layer,
  );
}
