/** The two ways to hold a tensor: all its entries, or its connections only. */
import type { DenseTensor, SparseTensor, Tensor } from "./network.js";

/** All entries; positions without a connection are 0. */
export function toDense(tensor: Tensor): DenseTensor {
  if (tensor.type === "dense") return tensor;
  const values = new Float32Array(tensor.shape.reduce((all, size) => all * size, 1));
  for (const [i, position] of tensor.index.entries()) values[position] = tensor.values[i] ?? 0;
  return { type: "dense", shape: tensor.shape, values };
}

/** The entries that are not 0 (-0 is one of them, so that nothing is lost). */
export function toConnections(tensor: Tensor): SparseTensor {
  if (tensor.type === "connections") return tensor;
  const { shape, values } = tensor;
  const index = new Uint32Array(countConnections(values));
  const bits = bitsOf(values);
  for (let position = 0, i = 0; position < bits.length; position++) if (bits[position] !== 0) index[i++] = position;
  return { type: "connections", shape, index, values: Float32Array.from(index, (position) => values[position] ?? 0) };
}

/** As a file stores it: a kernel as its connections where it is masked, or where fewer than half of its entries are not 0. */
export function toStored(tensor: Tensor): Tensor {
  if (tensor.type === "connections" || tensor.shape.length < 2) return tensor;
  return 2 * countConnections(tensor.values) < tensor.values.length ? toConnections(tensor) : tensor;
}

function countConnections(values: Float32Array): number {
  let count = 0;
  for (const bits of bitsOf(values)) if (bits !== 0) count++;
  return count;
}

/** All bits 0 is the number 0, and no other number is. */
function bitsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}
