/** One tensor under training on the device: value, momentum, gradient, and of a kernel its connections. */

import type { Tensor as StoredTensor } from "../../models/network.js";
import type { Reconnection, StateTensor, WeightRule } from "../engine.js";
import { ConnectionSet } from "./connection-set.js";
import type { Device, Tensor } from "./device.js";
import { arithmetic, reshape, select, zerosLike } from "./operations.js";
import { aliveOf, mortalUpdated, type Rates, updated } from "./optimizer.js";
import { everyPosition, inKernelOrder, inStoredOrder } from "./parameters.js";
import { pickAt, restored, stateOf } from "./trained-state.js";

export interface TrainedOptions {
  readonly name: string;
  readonly tensor: StoredTensor;
  readonly rule: WeightRule;
  readonly state: ReadonlyMap<string, StateTensor>;
}

/** What a step does to one tensor. `noise` in the order of the connections. */
export interface Moves {
  readonly rates: Rates;
  readonly pull: number;
  readonly noise: Float32Array | null;
}

export class TrainedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly rule: WeightRule;
  /** Null: every position. */
  readonly connections: ConnectionSet | null;
  readonly #device: Device;
  /** Flat, in the stored order [out, in, kh, kw]; a mortal one's also has the thetas of the recently dead, as sign · theta. */
  #value: Tensor;
  #momentum: Tensor;
  /** Of a mortal kernel ±1; of a masked one 1 where it is connected, else 0. */
  #sign: Tensor | null = null;
  #alive: Tensor | null = null;
  /** In the order in which TensorFlow gives it. */
  #gradient: Tensor | null = null;
  #kernel: Tensor | null = null;
  /** What it was last drawn to, kept there: it stays the same for many steps. */
  #target: { readonly values: Float32Array; readonly tensor: Tensor } | null = null;

  constructor(device: Device, { name, tensor, rule, state }: TrainedOptions) {
    if (rule !== "dense" && tensor.type === "dense") {
      throw new TypeError(`rules: layer "${name.replace(/\.weight$/, "")}" must come as connections`);
    }
    const { values, momentum, signs, positions } = restored({
      name,
      values: everyPosition(tensor),
      tensor,
      rule,
      state,
    });
    this.#device = device;
    this.name = name;
    this.shape = tensor.shape;
    this.size = values.length;
    this.rule = rule;
    this.connections = rule === "dense" ? null : new ConnectionSet(positions);
    this.#value = device.keep(device.upload(values, [this.size]));
    this.#momentum = device.keep(device.upload(momentum, [this.size]));
    if (rule === "dense") return;
    this.#sign = device.keep(device.upload(signs, [this.size]));
    this.#refreshAlive();
  }

  get hasGradient(): boolean {
    return this.#gradient !== null;
  }

  /** Connections, of a dense tensor all. */
  get count(): number {
    return this.connections?.count ?? this.size;
  }

  /** In the order in which TensorFlow computes; stays this tensor's, until the next change. */
  get effective(): Tensor {
    this.#kernel ??= this.#device.scope(() => {
      const device = this.#device;
      const used = this.#alive === null ? this.#value : select(device, this.#alive, this.#value, device.scalar(0));
      return device.keep(inKernelOrder(device, reshape(device, used, this.shape)));
    });
    return this.#kernel;
  }

  /** Takes over `gradient`, in TensorFlow's order. */
  addGradient(gradient: Tensor): void {
    const device = this.#device;
    const before = this.#gradient;
    this.#gradient = device.keep(before === null ? gradient : arithmetic(device, "AddV2", before, gradient));
    if (before !== null) device.free(before, gradient);
  }

  /** Adds strength · (value - target). */
  attract(target: Float32Array, strength: number): void {
    const device = this.#device;
    if (this.#target?.values !== target) {
      device.free(this.#target?.tensor);
      this.#target = { values: target, tensor: device.keep(device.upload(target, [this.size])) };
    }
    const { tensor } = this.#target;
    device.scope(() => {
      const away = arithmetic(device, "Sub", this.#value, tensor);
      const pull = reshape(device, arithmetic(device, "Mul", device.scalar(strength), away), this.shape);
      this.addGradient(inKernelOrder(device, pull));
    });
  }

  /** In the order of the connections, or of every position. */
  readGradient(isFull: boolean): Float32Array {
    const every = this.#device.scope(() => this.#device.read(this.#flatGradient()));
    return this.connections === null || isFull ? every : pickAt(every, this.connections.positions);
  }

  clearGradient(): void {
    this.#device.free(this.#gradient);
    this.#gradient = null;
  }

  /** Moves the parameter and clears the gradient. Of a mortal kernel, flags of the positions that died or came back; in the caller's scope. */
  step({ rates, pull, noise }: Moves): Tensor | null {
    const device = this.#device;
    const changed = device.scope(() => {
      const gradient = this.#flatGradient();
      const entries = { value: this.#value, momentum: this.#momentum };
      if (this.rule !== "mortal" || this.#sign === null || this.#alive === null) {
        const masked = this.#alive === null ? gradient : select(device, this.#alive, gradient, device.scalar(0));
        this.#put(updated(device, entries, masked, rates));
        return null;
      }
      const sign = this.#sign;
      const before = this.#alive;
      const after = mortalUpdated(device, { ...entries, sign, alive: before }, { rates, gradient, pull, noise });
      this.#put(after);
      const flags = device.keep(device.run("NotEqual", [before, after.alive], notEqual));
      device.free(before);
      this.#alive = device.keep(after.alive);
      return flags;
    });
    this.clearGradient();
    if (changed !== null) device.adopt(changed);
    return changed;
  }

  /** The positions were checked. */
  reconnect({ drop, grow, values, resetMomentum }: Reconnection): void {
    const device = this.#device;
    device.scope(() => {
      const zeros = new Float32Array(drop.length);
      const grown = new Float32Array(grow.length);
      const signs = this.rule === "masked" ? grown.map(() => 1) : values.map((value) => (value < 0 ? -1 : 1));
      let value = this.#scatter(this.#value, drop, zeros);
      value = this.#scatter(value, grow, values.slice());
      let momentum = this.#scatter(this.#momentum, drop, zeros);
      if (resetMomentum) momentum = this.#scatter(momentum, grow, grown);
      this.#put({ value, momentum });
      if (this.#sign === null) return;
      const before = this.#sign;
      const dropped = this.rule === "masked" ? this.#scatter(before, drop, zeros) : before;
      this.#sign = device.keep(this.#scatter(dropped, grow, signs));
      if (this.#sign !== before) device.free(before);
    });
    this.connections?.toggle(drop);
    this.connections?.toggle(grow);
    this.#refreshAlive();
  }

  /** As a network holds it. */
  snapshot(): StoredTensor {
    const every = this.#device.read(this.#value);
    if (this.connections === null) return { type: "dense", shape: this.shape, values: every };
    const index = this.connections.positions.slice();
    return { type: "connections", shape: this.shape, index, values: pickAt(every, index) };
  }

  state(): [string, StateTensor][] {
    const values = this.#device.read(this.#value);
    const momentum = this.#device.read(this.#momentum);
    const signs = this.#sign === null ? null : this.#device.read(this.#sign);
    return stateOf({ name: this.name, rule: this.rule, values, momentum, signs, connections: this.connections });
  }

  isFinite(): boolean {
    return areFinite(this.#device, this.#value);
  }

  dispose(): void {
    const own = [this.#value, this.#momentum, this.#sign, this.#alive, this.#gradient, this.#kernel];
    this.#device.free(...own, this.#target?.tensor);
  }

  /** In the stored order, of every position. */
  #flatGradient(): Tensor {
    const device = this.#device;
    if (this.#gradient === null) return zerosLike(device, this.#value);
    return reshape(device, inStoredOrder(device, this.#gradient), [this.size]);
  }

  #put({ value, momentum }: { value: Tensor; momentum: Tensor }): void {
    const before = [this.#value, this.#momentum, this.#kernel];
    this.#value = this.#device.keep(value);
    this.#momentum = this.#device.keep(momentum);
    this.#kernel = null;
    this.#device.free(...before.filter((tensor) => tensor !== value && tensor !== momentum));
  }

  #scatter(tensor: Tensor, positions: Uint32Array, values: Float32Array): Tensor {
    if (positions.length === 0) return tensor;
    const device = this.#device;
    const inputs = [tensor, device.positions(positions), device.upload(values, [values.length])];
    return device.run("TensorScatterUpdate", inputs, { T: { type: "float" }, Tindices: { type: "int64" } });
  }

  #refreshAlive(): void {
    const device = this.#device;
    if (this.#sign === null) return;
    const sign = this.#sign;
    const value = this.rule === "masked" ? sign : this.#value;
    const before = this.#alive;
    this.#alive = device.scope(() => device.keep(aliveOf(device, { value, sign })));
    device.free(before, this.#kernel);
    this.#kernel = null;
  }
}

const notEqual = { T: { type: "bool" }, incompatible_shape_error: { flag: true } } as const;

/** Whether all numbers of a tensor are finite. */
export function areFinite(device: Device, tensor: Tensor): boolean {
  return device.scope(() => {
    const flags = device.run("IsFinite", [tensor], { T: { type: "float" } });
    const axes = device.integers(tensor.shape.map((_, axis) => axis));
    const all = device.run("All", [flags, axes], { Tidx: { type: "int32" }, keep_dims: { flag: false } });
    return device.readFlags(all)[0] === 1;
  });
}
