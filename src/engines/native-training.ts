/** A network under training in the addon. */

import type { Network, Tensor } from "../models/network.js";
import { weightLayers } from "../models/shapes.js";
import type { Addon, Handle } from "./addon.js";
import type { Inference, Reconnection, StateTensor, StepOptions, Tape, Training, WeightLayer } from "./engine.js";

export interface NativeParts {
  readonly network: Network;
  readonly addon: Addon;
  readonly handle: Handle;
  /** Shares the parameters. */
  readonly inference: Inference;
}

export class NativeTraining implements Training {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly weightLayers: readonly WeightLayer[];
  readonly inference: Inference;
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #tapes = new Map<Tape, number>();
  readonly #shapes: ReadonlyMap<string, readonly number[]>;

  constructor({ network, addon, handle, inference }: NativeParts) {
    this.input = network.input;
    this.classes = network.classes;
    this.weightLayers = weightLayers(network.graph, network.input);
    this.inference = inference;
    this.#addon = addon;
    this.#handle = handle;
    this.#shapes = new Map([...network.tensors].map(([name, tensor]) => [name, tensor.shape]));
  }

  forward(images: Float32Array): Tape {
    const { tape, logits } = this.#addon.forward(this.#handle, images);
    const live = { logits };
    this.#tapes.set(live, tape);
    return live;
  }

  updateStatistics(tape: Tape, variance: "biased" | "unbiased"): void {
    this.#addon.updateStatistics(this.#handle, this.#number(tape), variance === "unbiased");
  }

  backward(tape: Tape, logitGradient: Float32Array): void {
    this.#addon.backward(this.#handle, this.#number(tape), logitGradient);
    this.#tapes.delete(tape);
  }

  discard(tape: Tape): void {
    this.#addon.discard(this.#handle, this.#number(tape));
    this.#tapes.delete(tape);
  }

  gradient(tensor: string): Float32Array {
    return this.#addon.gradient(this.#handle, tensor);
  }

  collectFully(layers: ReadonlySet<string>): void {
    this.#addon.collectFully(this.#handle, Object.fromEntries([...layers].map((layer) => [layer, true])));
  }

  attract(layer: number, target: Float32Array, strength: number): void {
    this.#addon.attract(this.#handle, layer, target, strength);
  }

  step(options: StepOptions): Int32Array {
    return this.#addon.step(this.#handle, options);
  }

  connections(layer: number): Uint32Array {
    return this.#addon.connections(this.#handle, layer);
  }

  reconnect(layer: number, change: Reconnection): void {
    this.#addon.reconnect(this.#handle, layer, { ...change, resetMomentum: change.resetMomentum ?? false });
  }

  tensors(): Map<string, Tensor> {
    const tensors = this.#addon.tensors(this.#handle);
    return new Map(tensors.map(({ name, values, index }) => [name, this.#tensor(name, values, index)]));
  }

  state(): Map<string, StateTensor> {
    return new Map(this.#addon.state(this.#handle).map(({ name, values }) => [name, stateTensor(values)]));
  }

  firstNonFinite(): string | null {
    return this.#addon.firstNonFinite(this.#handle);
  }

  dispose(): void {
    this.#tapes.clear();
    this.inference.dispose();
    this.#addon.dispose(this.#handle);
  }

  #number(tape: Tape): number {
    const number = this.#tapes.get(tape);
    if (number === undefined) throw new RangeError("tape: this tape has ended");
    return number;
  }

  #tensor(name: string, values: Float32Array, index: Uint32Array | undefined): Tensor {
    const shape = this.#shapes.get(name) ?? [values.length];
    return index === undefined ? { type: "dense", shape, values } : { type: "connections", shape, index, values };
  }
}

function stateTensor(values: Float32Array | Uint32Array): StateTensor {
  return values instanceof Float32Array ? { type: "f32", values } : { type: "u32", values };
}
