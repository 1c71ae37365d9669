/** Training in double precision, parameters and optimiser state in float32: what each `Training` must do. */
import type {
  Inference,
  Reconnection,
  StateTensor,
  StepOptions,
  Tape,
  Training,
  TrainingOptions,
  WeightLayer,
} from "../../src/engines/engine.js";
import type { ConvLayer, DenseLayer } from "../../src/models/graph.js";
import type { Network, Tensor } from "../../src/models/network.js";
import { PlainInference } from "./plain-inference.js";
import type { BatchStatistics } from "./plain-layers.js";
import { type Pass, runBackward, runForward } from "./plain-network.js";
import { everyEntry, PlainParameter } from "./plain-parameters.js";

const MOST_TAPES = 2;

export class PlainTraining implements Training {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly weightLayers: readonly WeightLayer[];
  readonly inference: Inference;
  readonly #trained = new Map<string, PlainParameter>();
  readonly #running = new Map<string, Float32Array>();
  readonly #values = new Map<string, Float32Array>();
  readonly #tapes = new Map<Tape, Pass>();
  #lastPass: Pass | null = null;
  #full: ReadonlySet<string>;

  constructor(
    readonly network: Network,
    readonly options: TrainingOptions,
  ) {
    this.input = network.input;
    this.classes = network.classes;
    this.#full = options.fullGradients ?? new Set();
    for (const [name, tensor] of network.tensors) this.#addTensor(name, tensor);
    this.weightLayers = kernels(network).map((layer) => this.#describe(layer));
    this.inference = new PlainInference(network, this.#values);
  }

  #addTensor(name: string, tensor: Tensor): void {
    if (name.includes(".running_")) {
      this.#running.set(name, everyEntry(tensor));
    } else {
      const layer = name.slice(0, name.lastIndexOf("."));
      const rule = name.endsWith(".weight") ? (this.options.rules.get(layer) ?? "dense") : "dense";
      const parameter = new PlainParameter(name, tensor, rule);
      parameter.restore(this.options.state ?? new Map());
      this.#trained.set(name, parameter);
    }
    this.#values.set(name, this.#trained.get(name)?.values ?? this.#running.get(name) ?? new Float32Array(0));
  }

  #describe({ name, rewire }: ConvLayer | DenseLayer): WeightLayer {
    const { tensor, values } = this.#parameter(`${name}.weight`);
    return { name, shape: tensor.shape, size: values.length, rewire };
  }

  forward(images: Float32Array): Tape {
    if (this.#tapes.size === MOST_TAPES) throw new RangeError(`${MOST_TAPES} tapes are live; end one first`);
    const pass = runForward(this.network, this.#values, images, "training");
    const tape = { logits: pass.logits };
    this.#tapes.set(tape, pass);
    this.#lastPass = pass;
    return tape;
  }

  updateStatistics(tape: Tape, variance: "biased" | "unbiased"): void {
    const pass = this.#pass(tape);
    for (const layer of this.network.graph) {
      const statistics = pass.statistics.get(layer.name);
      const input = pass.outputs.get(layer.inputs[0] ?? "");
      if (layer.op !== "batchnorm" || statistics === undefined || input === undefined) continue;
      const count = input.data.length / input.channels;
      const factor = variance === "biased" ? 1 : count / (count - 1);
      this.#blend(layer.name, layer.momentum, { ...statistics, variance: statistics.variance.map((v) => v * factor) });
    }
  }

  #blend(name: string, share: number, { mean, variance }: BatchStatistics): void {
    const blendInto = (running: Float32Array, batch: Float64Array) => {
      for (const [c, value] of batch.entries()) running[c] = (1 - share) * (running[c] ?? 0) + share * value;
    };
    blendInto(this.#running.get(`${name}.running_mean`) ?? new Float32Array(0), mean);
    blendInto(this.#running.get(`${name}.running_var`) ?? new Float32Array(0), variance);
  }

  backward(tape: Tape, logitGradient: Float32Array): void {
    const pass = this.#pass(tape);
    const { parameters } = runBackward(this.network, this.#values, pass, { logitGradient, wanted: "all" });
    for (const [name, gradient] of parameters) {
      const collected = this.#parameter(name).gradient;
      for (const [i, value] of gradient.entries()) collected[i] = (collected[i] ?? 0) + value;
    }
    this.#tapes.delete(tape);
  }

  discard(tape: Tape): void {
    this.#pass(tape);
    this.#tapes.delete(tape);
  }

  gradient(tensor: string): Float32Array {
    const layer = tensor.slice(0, tensor.lastIndexOf("."));
    return this.#parameter(tensor).gradients(this.#full.has(layer));
  }

  collectFully(layers: ReadonlySet<string>): void {
    const isClean = [...this.#trained.values()].every(({ gradient }) => gradient.every((value) => value === 0));
    if (this.#tapes.size > 0 || !isClean) throw new RangeError("gradients are being collected; step first");
    this.#full = layers;
  }

  attract(layer: number, target: Float32Array, strength: number): void {
    const { values, gradient } = this.#kernel(layer);
    for (const [i, value] of values.entries()) {
      gradient[i] = (gradient[i] ?? 0) + Math.fround(strength) * (value - (target[i] ?? 0));
    }
  }

  step(options: StepOptions): Int32Array {
    const names = this.weightLayers.map((layer) => `${layer.name}.weight`);
    const norms = new Set(this.network.graph.filter((layer) => layer.op === "batchnorm").map((layer) => layer.name));
    for (const [name, parameter] of this.#trained) {
      const moves = options.trainable === "all" || norms.has(name.slice(0, name.lastIndexOf(".")));
      if (moves) parameter.step(options, names.indexOf(name));
      else parameter.gradient.fill(0);
    }
    return Int32Array.from(names, (name) => this.#parameter(name).connections().length);
  }

  connections(layer: number): Uint32Array {
    return this.#kernel(layer).connections();
  }

  reconnect(layer: number, change: Reconnection): void {
    this.#kernel(layer).reconnect(change);
  }

  tensors(): Map<string, Tensor> {
    const copies = new Map<string, Tensor>();
    for (const [name, tensor] of this.network.tensors) {
      const running = this.#running.get(name);
      copies.set(
        name,
        running === undefined
          ? this.#parameter(name).snapshot()
          : { type: "dense", shape: tensor.shape, values: running.slice() },
      );
    }
    return copies;
  }

  state(): Map<string, StateTensor> {
    return new Map([...this.#trained.values()].flatMap((parameter) => parameter.state()));
  }

  firstNonFinite(): string | null {
    const allFinite = (values: Float32Array | Float64Array | undefined) => values?.every(Number.isFinite) ?? true;
    for (const { name } of this.network.graph) {
      const parts = ["weight", "bias", "running_mean", "running_var"];
      const parameters = parts.map((part) => this.#values.get(`${name}.${part}`));
      if (![...parameters, this.#lastPass?.outputs.get(name)?.data].every(allFinite)) return name;
    }
    return null;
  }

  dispose(): void {
    this.#tapes.clear();
  }

  #pass(tape: Tape): Pass {
    const pass = this.#tapes.get(tape);
    if (pass === undefined) throw new RangeError("this tape has ended");
    return pass;
  }

  #kernel(layer: number): PlainParameter {
    return this.#parameter(`${this.weightLayers[layer]?.name}.weight`);
  }

  #parameter(name: string): PlainParameter {
    const parameter = this.#trained.get(name);
    if (parameter === undefined) throw new RangeError(`no trained tensor ${name}`);
    return parameter;
  }
}

function kernels(network: Network): (ConvLayer | DenseLayer)[] {
  return network.graph.filter((layer) => layer.op === "conv" || layer.op === "dense");
}
