/** Parameters under training, dense in memory whatever their rule: values, momenta, gradients, connections, the recently dead. */
import type { Reconnection, StateTensor, StepOptions, WeightRule } from "../../src/engines/engine.js";
import type { Tensor } from "../../src/models/network.js";
import { NEGLIGIBLE_MOMENTUM, noiseAt, updateEntry } from "./plain-step.js";

export function everyEntry(tensor: Tensor): Float32Array {
  if (tensor.type === "dense") return tensor.values.slice();
  const values = new Float32Array(tensor.shape.reduce((product, extent) => product * extent, 1));
  for (const [i, position] of tensor.index.entries()) values[position] = tensor.values[i] ?? 0;
  return values;
}

/** What a weight layer's entries are now. */
const ABSENT = 0;
const CONNECTED = 1;
/** Dormant, but its theta and momentum still move. */
const RECENTLY_DEAD = 2;

/** One trained tensor. Everything in w-space: a mortal connection's theta is sign · value, and its sign never changes. */
export class PlainParameter {
  /** What the network computes with: 0 where there is no connection. */
  readonly values: Float32Array;
  readonly momentum: Float32Array;
  readonly gradient: Float64Array;
  readonly #status: Uint8Array;
  readonly #sign: Int8Array;
  readonly #theta: Float32Array;

  constructor(
    readonly name: string,
    readonly tensor: Tensor,
    readonly rule: WeightRule,
  ) {
    this.values = everyEntry(tensor);
    this.momentum = new Float32Array(this.values.length);
    this.gradient = new Float64Array(this.values.length);
    this.#status = new Uint8Array(this.values.length).fill(rule === "dense" ? CONNECTED : ABSENT);
    this.#sign = Int8Array.from(this.values, (value) => (value < 0 ? -1 : 1));
    this.#theta = this.values.map(Math.abs);
    for (const position of tensor.type === "connections" ? tensor.index : []) {
      const alive = rule !== "mortal" || (this.#theta[position] ?? 0) > 0;
      this.#status[position] = alive ? CONNECTED : ABSENT;
    }
  }

  /** Ascending positions that are connected. */
  connections(): Uint32Array {
    return this.#positions(CONNECTED);
  }

  /** Updates every entry, clears the gradient. `layer` counts weight layers, for the noise. */
  step(options: StepOptions, layer: number): void {
    for (const [position, status] of this.#status.entries()) {
      if (status === ABSENT) continue;
      if (this.rule === "mortal") this.#stepMortal(position, options, layer);
      else this.#stepOrdinary(position, options);
    }
    this.gradient.fill(0);
  }

  #stepOrdinary(position: number, options: StepOptions): void {
    const entry = { value: this.values[position] ?? 0, momentum: this.momentum[position] ?? 0 };
    const next = updateEntry(entry, this.gradient[position] ?? 0, options);
    this.values[position] = next.value;
    this.momentum[position] = next.momentum;
  }

  #stepMortal(position: number, options: StepOptions, layer: number): void {
    const wasConnected = this.#status[position] === CONNECTED;
    const sign = this.#sign[position] ?? 1;
    const entry = { value: this.#theta[position] ?? 0, momentum: sign * (this.momentum[position] ?? 0) };
    const gradient = wasConnected ? sign * (this.gradient[position] ?? 0) : 0;
    const next = updateEntry(entry, gradient, options);
    const noise = wasConnected ? noiseAt(options, layer, position) : 0;
    const pull = wasConnected ? Math.fround(options.pull ?? 0) : 0;
    const theta = Math.fround(Math.fround(next.value - pull) + noise);
    const forgotten = theta <= 0 && Math.abs(next.momentum) < NEGLIGIBLE_MOMENTUM;
    this.#place(position, { theta, sign, momentum: forgotten ? 0 : next.momentum });
    if (forgotten) this.#status[position] = ABSENT;
  }

  /** `momentum` in theta-space. */
  #place(position: number, entry: { theta: number; sign: number; momentum: number }): void {
    this.#theta[position] = entry.theta;
    this.#sign[position] = entry.sign;
    this.#status[position] = entry.theta > 0 ? CONNECTED : RECENTLY_DEAD;
    this.values[position] = entry.theta > 0 ? entry.sign * entry.theta : 0;
    this.momentum[position] = entry.sign * entry.momentum;
  }

  /** Throws RangeError where a dropped position is not connected or a grown one is. */
  reconnect({ drop, grow, values, resetMomentum }: Reconnection): void {
    for (const position of drop) {
      if (this.#status[position] !== CONNECTED) throw new RangeError(`${this.name}: ${position} is not connected`);
      this.#status[position] = ABSENT;
      this.values[position] = 0;
      this.momentum[position] = 0;
    }
    for (const [i, position] of grow.entries()) {
      if (this.#status[position] === CONNECTED) throw new RangeError(`${this.name}: ${position} is connected already`);
      const value = values[i] ?? 0;
      this.#status[position] = CONNECTED;
      this.#sign[position] = value < 0 ? -1 : 1;
      this.#theta[position] = Math.abs(value);
      this.values[position] = value;
      if (resetMomentum) this.momentum[position] = 0;
    }
  }

  /** A copy as the network holds it: connections unless the rule is "dense". */
  snapshot(): Tensor {
    const { shape } = this.tensor;
    if (this.rule === "dense") return { type: "dense", shape, values: this.values.slice() };
    const index = this.connections();
    return { type: "connections", shape, index, values: at(this.values, index) };
  }

  gradients(everyPosition: boolean): Float32Array {
    if (this.rule === "dense" || everyPosition) return Float32Array.from(this.gradient);
    return at(this.gradient, this.connections());
  }

  /** Momentum of the connections in their order; positions, thetas (as sign · theta) and momenta of the recently dead. */
  state(): [string, StateTensor][] {
    const momentum = (positions: Uint32Array): StateTensor => ({ type: "f32", values: at(this.momentum, positions) });
    const state: [string, StateTensor][] = [[`${this.name}.momentum`, momentum(this.connections())]];
    if (this.rule !== "mortal") return state;
    const dead = this.#positions(RECENTLY_DEAD);
    const values = Float32Array.from(dead, (position) => (this.#sign[position] ?? 1) * (this.#theta[position] ?? 0));
    return [
      ...state,
      [`${this.name}.dead.index`, { type: "u32", values: dead }],
      [`${this.name}.dead.value`, { type: "f32", values }],
      [`${this.name}.dead.momentum`, momentum(dead)],
    ];
  }

  restore(state: ReadonlyMap<string, StateTensor>): void {
    const read = (suffix: string) => state.get(`${this.name}.${suffix}`)?.values ?? new Float32Array(0);
    const momentum = read("momentum");
    for (const [i, position] of this.connections().entries()) this.momentum[position] = momentum[i] ?? 0;
    const values = read("dead.value");
    const deadMomentum = read("dead.momentum");
    for (const [i, position] of read("dead.index").entries()) {
      const value = values[i] ?? 0;
      // A dead theta is at most 0, so its sign is the opposite of the stored product's, also of a signed zero.
      const sign = value < 0 || Object.is(value, -0) ? 1 : -1;
      this.#place(position, { theta: -Math.abs(value), sign, momentum: sign * (deadMomentum[i] ?? 0) });
    }
  }

  #positions(status: number): Uint32Array {
    const positions: number[] = [];
    for (const [position, found] of this.#status.entries()) if (found === status) positions.push(position);
    return Uint32Array.from(positions);
  }
}

function at(values: Float32Array | Float64Array, positions: Uint32Array): Float32Array {
  return Float32Array.from(positions, (position) => values[position] ?? 0);
}
