/** What a record says of a checkpoint that came as a path: its text, and what the network itself shows. */
import type { Network, Tensor } from "../models/network.js";
import type { NetworkFile } from "../models/network-file.js";
import { weightLayers } from "../models/shapes.js";
import type { CheckpointReference } from "../records/events.js";

export interface LayerDensity {
  readonly name: string;
  readonly size: number;
  readonly connections: number;
  readonly rewire: boolean;
  /** For one image. */
  readonly multiplyAdds: number;
  /** As a compressed sparse matrix, a row an output: values of 32 bits, distances of columns in 16, starts of rows in 32. */
  readonly csrBytes: number;
}

/** Connections of each weight layer: those it is stored as, or where it is stored dense the entries that are not 0. */
export function layerDensities({ graph, input, tensors }: Network): readonly LayerDensity[] {
  return weightLayers(graph, input).map(({ name, size, shape, rewire, outputPositions }) => {
    const connections = countConnections(tensors.get(`${name}.weight`));
    const csrBytes = 6 * connections + 4 * ((shape[0] ?? 0) + 1);
    return { name, size, connections, rewire, multiplyAdds: connections * outputPositions, csrBytes };
  });
}

function countConnections(tensor: Tensor | undefined): number {
  if (tensor?.type === "connections") return tensor.index.length;
  return tensor?.values.reduce((count, value) => count + (value === 0 ? 0 : 1), 0) ?? 0;
}

/** Connections, weights, multiply-adds of an image and what follows from them, as records and checkpoints count them. */
export function networkCounts(network: Network) {
  const layers = layerDensities(network);
  const counted = layers.filter(({ rewire }) => rewire);
  return {
    connections: sum(counted.map(({ connections }) => connections)),
    weights: sum(counted.map(({ size }) => size)),
    multiplyAdds: sum(layers.map(({ multiplyAdds }) => multiplyAdds)),
    csrBytes: sum(layers.map(({ csrBytes }) => csrBytes)),
    layerDensities: layers.map(({ connections, size }) => connections / size),
  };
}

/** Fields of the `checkpoint` record, as far as the file tells; counts are the network's own. */
export function checkpointReference(path: string, file: NetworkFile): CheckpointReference {
  const { input, classes, graph, shapes, config, tool, role, ...text } = file.checkpoint;
  return {
    ...text,
    // Left out of the record's JSON where it is none of the contract's.
    role: role === "best" || role === "final" || role === "stage" ? role : undefined,
    path,
    sha256: file.sha256,
    bytes: file.bytes,
    ...networkCounts(file.network),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
