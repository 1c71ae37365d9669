/** What a record says of a checkpoint that came as a path: its text, and what the network itself shows. */
import type { NetworkFile } from "../models/network-file.js";
import { weightLayers } from "../models/shapes.js";
import type { CheckpointReference } from "../records/events.js";

/** Connections of one weight layer: all its entries where it is stored dense. */
export interface LayerDensity {
  readonly name: string;
  readonly size: number;
  readonly connections: number;
  readonly rewire: boolean;
  /** For one image. */
  readonly multiplyAdds: number;
}

export function layerDensities({ network }: NetworkFile): readonly LayerDensity[] {
  return weightLayers(network.graph, network.input).map(({ name, size, rewire, outputPositions }) => {
    const tensor = network.tensors.get(`${name}.weight`);
    const connections = tensor?.type === "connections" ? tensor.index.length : size;
    return { name, size, connections, rewire, multiplyAdds: connections * outputPositions };
  });
}

/** Fields of the `checkpoint` record, as far as the file tells; counts are the network's own. */
export function checkpointReference(path: string, file: NetworkFile): CheckpointReference {
  const { input, classes, graph, shapes, config, tool, role, ...text } = file.checkpoint;
  const layers = layerDensities(file);
  const counted = layers.filter(({ rewire }) => rewire);
  return {
    ...text,
    // Left out of the record's JSON where it is none of the contract's.
    role: role === "best" || role === "final" || role === "stage" ? role : undefined,
    path,
    sha256: file.sha256,
    bytes: file.bytes,
    connections: sum(counted.map(({ connections }) => connections)),
    weights: sum(counted.map(({ size }) => size)),
    multiplyAdds: sum(layers.map(({ multiplyAdds }) => multiplyAdds)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
