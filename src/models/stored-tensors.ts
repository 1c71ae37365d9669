/** From the tensors in a file to those of a graph: every one, of the right shape, with sound values, and no other. */
import { InputError } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";
import type { StoredTensor } from "../formats/safetensors.js";
import type { DenseTensor, SparseTensor, Tensor } from "./network.js";

export interface StoredTensors {
  /** For the messages. */
  readonly file: string;
  /** What the graph needs, in its order. */
  readonly expected: ReadonlyMap<string, readonly number[]>;
  readonly stored: ReadonlyMap<string, StoredTensor>;
  /** Dense shapes of those stored as connections, as the file says. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** The graph's tensors, in its order. InputError, naming file and tensor, at the first that is wrong, missing or too many. */
export function parseTensors({ file, expected, stored, shapes }: StoredTensors): Map<string, Tensor> {
  const left = new Map(stored);
  const stated = new Map(Object.entries(shapes));
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of expected) {
    const place = `${file}: tensor "${name}"`;
    const [dense, index, value] = [name, `${name}.index`, `${name}.value`].map((key) => take(left, key));
    if (dense !== undefined && index !== undefined)
      throw new InputError(`${place}: is stored twice, dense and as connections; one is right`);
    if (dense !== undefined) tensors.set(name, denseTensor(dense, shape, place));
    else if (index === undefined || shape.length < 2) throw missing(shape, place);
    else tensors.set(name, sparseTensor({ index, value }, { shape, stated: stated.get(name), place }));
  }
  for (const name of left.keys()) {
    const hint = didYouMean(name, expected.keys());
    throw new InputError(`${file}: tensor ${JSON.stringify(name)}: belongs to no layer of the graph${hint}`);
  }
  return tensors;
}

function take(tensors: Map<string, StoredTensor>, name: string): StoredTensor | undefined {
  const tensor = tensors.get(name);
  tensors.delete(name);
  return tensor;
}

function denseTensor(stored: StoredTensor, shape: readonly number[], place: string): DenseTensor {
  requireShape(stored.shape, shape, place);
  const values = finiteFloats(stored, place);
  if (place.endsWith('.running_var"')) requireVariances(values, place);
  return { type: "dense", shape, values };
}

interface Connections {
  readonly index: StoredTensor;
  readonly value: StoredTensor | undefined;
}

interface Kernel {
  readonly shape: readonly number[];
  readonly stated: readonly number[] | undefined;
  readonly place: string;
}

function sparseTensor({ index, value }: Connections, { shape, stated, place }: Kernel): SparseTensor {
  if (value === undefined) throw new InputError(`${place}: has an index but no value; both make it whole`);
  if (stated === undefined)
    throw new InputError(`${place}: no shape in the checkpoint text's "shapes"; ${words(shape)} would be right`);
  requireShape(stated, shape, `${place} (in "shapes")`);
  const positions = ascendingPositions(index, shape, `${place}: index`);
  requireShape(value.shape, [positions.length], `${place}: value`);
  return { type: "connections", shape, index: positions, values: finiteFloats(value, `${place}: value`) };
}

function ascendingPositions(
  { dtype, shape, values }: StoredTensor,
  dense: readonly number[],
  place: string,
): Uint32Array {
  if (!(values instanceof Uint32Array)) throw new InputError(`${place}: is ${dtype}; U32 would be right`);
  if (shape.length !== 1) throw new InputError(`${place}: has the shape ${words(shape)}; one dimension would be right`);
  const size = dense.reduce((all, one) => all * one, 1);
  let last = -1;
  for (const [i, position] of values.entries()) {
    if (position <= last) {
      throw new InputError(`${place}: entry ${i} is ${position} after ${last}; positions must ascend`);
    }
    if (position >= size) {
      throw new InputError(
        `${place}: entry ${i} is ${position}; a kernel of ${words(dense)} has positions below ${size}`,
      );
    }
    last = position;
  }
  return values;
}

function finiteFloats({ dtype, values }: StoredTensor, place: string): Float32Array {
  if (!(values instanceof Float32Array)) throw new InputError(`${place}: is ${dtype}; F32 would be right`);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return values;
  throw new InputError(`${place}: entry ${wrong} is ${values[wrong]}; all values must be finite`);
}

/** Its square root divides the activations. */
function requireVariances(values: Float32Array, place: string): void {
  const wrong = values.findIndex((value) => value < 0);
  if (wrong >= 0) throw new InputError(`${place}: entry ${wrong} is ${values[wrong]}; a variance is not negative`);
}

function requireShape(found: readonly number[], expected: readonly number[], place: string): void {
  if (found.join() === expected.join()) return;
  throw new InputError(`${place}: has the shape ${words(found)}; the graph needs ${words(expected)}`);
}

function missing(shape: readonly number[], place: string): InputError {
  return new InputError(`${place}: is missing; the graph needs F32 ${words(shape)}`);
}

function words(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
