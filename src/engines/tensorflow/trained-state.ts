/** Momenta and the recently dead of a tensor under training, as arrays: what an unbroken continuation needs. */
import type { Tensor as StoredTensor } from "../../models/network.js";
import type { StateTensor, WeightRule } from "../engine.js";
import type { ConnectionSet } from "./connection-set.js";

/** Arrays over every position, flat in the stored order. */
export interface Restored {
  /** With the recently dead, as sign · theta. */
  readonly values: Float32Array;
  readonly momentum: Float32Array;
  /** Of a mortal kernel ±1; of a masked one 1 where it is connected, else 0. */
  readonly signs: Float32Array;
  /** Ascending positions of the connections. */
  readonly positions: Uint32Array;
}

/** `values` becomes the result's own. Throws RangeError where the state does not fit. */
export function restored(options: {
  readonly name: string;
  readonly values: Float32Array;
  readonly tensor: StoredTensor;
  readonly rule: WeightRule;
  readonly state: ReadonlyMap<string, StateTensor>;
}): Restored {
  const { name, values, tensor, rule, state } = options;
  const listed = tensor.type === "connections" ? tensor.index : new Uint32Array(0);
  const isDense = rule === "dense";
  const positions = rule === "mortal" ? listed.filter((position) => values[position] !== 0) : listed.slice();
  const momentum = new Float32Array(values.length);
  const count = isDense ? values.length : positions.length;
  const found = numbers(state, `${name}.momentum`, count);
  if (isDense) momentum.set(found);
  else for (const [i, position] of positions.entries()) momentum[position] = found[i] ?? 0;
  const signs = new Float32Array(values.length);
  if (rule === "masked") for (const position of positions) signs[position] = 1;
  if (rule === "mortal") {
    for (const [i, value] of values.entries()) signs[i] = value < 0 ? -1 : 1;
    restoreDead({ name, values, momentum, signs, positions }, state);
  }
  return { values, momentum, signs, positions };
}

/** A dead theta is at most 0, so its sign is the opposite of the stored product's, of a zero too. */
function restoreDead(target: Restored & { readonly name: string }, state: ReadonlyMap<string, StateTensor>): void {
  const { name, values, momentum, signs } = target;
  const index = state.get(`${name}.dead.index`)?.values ?? new Uint32Array(0);
  const dead = numbers(state, `${name}.dead.value`, index.length);
  const deadMomentum = numbers(state, `${name}.dead.momentum`, index.length);
  for (const [i, position] of index.entries()) {
    if (position >= values.length) throw new RangeError(`${name}.dead.index: position ${position} is out of range`);
    if (values[position] !== 0) throw new RangeError(`${name}.dead.index: position ${position} is connected`);
    const value = dead[i] ?? 0;
    values[position] = value;
    momentum[position] = deadMomentum[i] ?? 0;
    signs[position] = value < 0 || Object.is(value, -0) ? 1 : -1;
  }
}

/** A tensor of the state, or zeros where it is not there. */
function numbers(state: ReadonlyMap<string, StateTensor>, name: string, count: number): Float32Array {
  const values = state.get(name)?.values ?? new Float32Array(count);
  if (!(values instanceof Float32Array)) throw new TypeError(`${name} must be a Float32Array`);
  if (values.length !== count) throw new RangeError(`${name} has ${values.length} numbers; ${count} are wanted`);
  return values;
}

/** The names and orders of the native engine's state: momenta of the connections, then the recently dead. */
export function stateOf(tensor: {
  readonly name: string;
  readonly rule: WeightRule;
  readonly values: Float32Array;
  readonly momentum: Float32Array;
  readonly signs: Float32Array | null;
  readonly connections: ConnectionSet | null;
}): [string, StateTensor][] {
  const { name, rule, values, momentum, signs, connections } = tensor;
  if (connections === null) return [[`${name}.momentum`, { type: "f32", values: momentum }]];
  const own: [string, StateTensor] = [
    `${name}.momentum`,
    { type: "f32", values: pickAt(momentum, connections.positions) },
  ];
  if (rule !== "mortal" || signs === null) return [own];
  const dead = deadPositions(momentum, connections);
  const thetas = Float32Array.from(dead, (position) => {
    const value = values[position] ?? 0;
    return value === 0 ? -(signs[position] ?? 1) * 0 : value;
  });
  return [
    own,
    [`${name}.dead.index`, { type: "u32", values: dead }],
    [`${name}.dead.value`, { type: "f32", values: thetas }],
    [`${name}.dead.momentum`, { type: "f32", values: pickAt(momentum, dead) }],
  ];
}

/** Dormant positions that are still moving. */
function deadPositions(momentum: Float32Array, connections: ConnectionSet): Uint32Array {
  const dead: number[] = [];
  const alive = connections.positions;
  let next = 0;
  for (let position = 0; position < momentum.length; position++) {
    if (alive[next] === position) next++;
    else if (momentum[position] !== 0) dead.push(position);
  }
  return Uint32Array.from(dead);
}

export function pickAt(values: Float32Array, positions: Uint32Array): Float32Array {
  const picked = new Float32Array(positions.length);
  for (let i = 0; i < picked.length; i++) picked[i] = values[positions[i] as number] as number;
  return picked;
}
