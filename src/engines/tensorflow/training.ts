/** A network under training on the device: passes over batches, gradients, steps; the parameters stay there until they are read. */
import type { BatchNormLayer, Graph, Layer } from "../../models/graph.js";
import type { Network, Tensor as StoredTensor } from "../../models/network.js";
import { weightLayers } from "../../models/shapes.js";
import type {
  Reconnection,
  StateTensor,
  StepOptions,
  Tape,
  Training,
  TrainingOptions,
  WeightLayer,
} from "../engine.js";
import { batchNormNode, batchStatistics } from "./batch-norm.js";
import type { Device, Tensor } from "./device.js";
import { liveGraph, plainNode, TensorflowInference } from "./inference.js";
import { advised } from "./memory-advice.js";
import { convNode, denseNode, scaleNode } from "./nodes.js";
import { poolingFirst } from "./pooling-first.js";
import { compile, type Node, type Pass, type Program, runBackward, runForward, valueAt } from "./program.js";
import { TrainedParameters } from "./trained-parameters.js";
import { checkAttraction, checkReconnection, checkStep } from "./training-checks.js";

const MOST_TAPES = 2;

export class TensorflowTraining implements Training {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly weightLayers: readonly WeightLayer[];
  readonly inference: TensorflowInference;
  readonly #device: Device;
  readonly #graph: Graph;
  readonly #program: Program;
  readonly #parameters: TrainedParameters;
  readonly #constants: Tensor[] = [];
  readonly #tapes = new Map<Tape, Pass>();
  #full: ReadonlySet<string>;
  #isOpen = true;

  constructor(network: Network, options: TrainingOptions, device: Device) {
    this.input = network.input;
    this.classes = network.classes;
    this.weightLayers = weightLayers(network.graph, network.input);
    this.#device = device;
    this.#full = options.fullGradients ?? new Set();
    const parameters = new TrainedParameters(network, options, device);
    this.#parameters = parameters;
    this.inference = new TensorflowInference(network, device, {
      get version() {
        return parameters.version;
      },
      kernel: (layer) => parameters.kernel(layer),
      vector: (tensor) => parameters.vector(tensor),
      // They are the training's.
      dispose() {},
    });
    this.#graph = poolingFirst(liveGraph(network.graph));
    const nodes = this.#graph.map((layer) => this.#node(layer));
    this.#program = compile(nodes, nodes.at(-1)?.name ?? "input", "parameters");
  }

  #node(layer: Layer): Node {
    const device = this.#device;
    const parameters = this.#parameters;
    const collect = (name: string, gradient: Tensor) => parameters.trained(name).addGradient(gradient);
    const vector = (name: string) => () => parameters.trained(`${layer.name}.${name}`).effective;
    const weights = {
      kernel: (name: string) => parameters.kernel(name),
      bias: (name: string) => parameters.vector(`${name}.bias`),
    };
    switch (layer.op) {
      case "conv":
        return convNode(layer, { device, weights, collect });
      case "dense":
        return denseNode(layer, { device, weights, collect });
      case "batchnorm":
        return batchNormNode(layer, device, { gamma: vector("weight"), beta: vector("bias"), collect });
      case "normalize": {
        const scale = this.#constant(layer.std.map((std) => 1 / std));
        const shift = this.#constant(layer.std.map((std, c) => -(layer.mean[c] ?? 0) / std));
        return scaleNode(layer, { device, factors: () => ({ scale, shift }) });
      }
      default:
        return plainNode(layer, device);
    }
  }

  #constant(values: readonly number[]): Tensor {
    const tensor = this.#device.keep(this.#device.upload(Float32Array.from(values), [values.length]));
    this.#constants.push(tensor);
    return tensor;
  }

  forward(images: Float32Array): Tape {
    this.#requireOpen();
    const device = this.#device;
    const count = this.inference.imagesOf(images);
    if (this.#tapes.size >= MOST_TAPES) throw new RangeError("two tapes are live; end one first");
    return advised(count, () =>
      device.scope(() => {
        // A copy: the tape lives on, and the array is the caller's.
        const batch = device.upload(images.slice(), [count, ...this.input]);
        const pass = runForward(device, this.#program, { images: batch, keeps: true });
        const tape = { logits: device.read(valueAt(pass.values, this.#program.output)) };
        for (const tensor of tensorsOf(pass)) device.keep(tensor);
        this.#tapes.set(tape, pass);
        return tape;
      }),
    );
  }

  updateStatistics(tape: Tape, variance: "biased" | "unbiased"): void {
    const pass = this.#pass(tape);
    this.#device.scope(() => {
      for (const layer of this.#graph.filter(isBatchNorm)) {
        const batch = batchStatistics(this.#device, layer, { pass, variance });
        this.#parameters.blend(`${layer.name}.running_mean`, batch.mean, layer.momentum);
        this.#parameters.blend(`${layer.name}.running_var`, batch.variance, layer.momentum);
      }
    });
  }

  backward(tape: Tape, logitGradient: Float32Array): void {
    const pass = this.#pass(tape);
    const { length } = tape.logits;
    if (logitGradient.length !== length) {
      throw new RangeError(`logitGradient has ${logitGradient.length} numbers; the logits are ${length}`);
    }
    const device = this.#device;
    const count = length / this.classes;
    this.#tapes.delete(tape);
    advised(count, () =>
      device.scope(() => {
        for (const tensor of tensorsOf(pass)) device.adopt(tensor);
        runBackward(device, this.#program, { pass, gradient: device.upload(logitGradient, [count, this.classes]) });
      }),
    );
  }

  discard(tape: Tape): void {
    this.#device.free(...tensorsOf(this.#pass(tape)));
    this.#tapes.delete(tape);
  }

  gradient(tensor: string): Float32Array {
    this.#requireOpen();
    return this.#parameters.trained(tensor).readGradient(this.#full.has(tensor.replace(/\.weight$/, "")));
  }

  collectFully(layers: ReadonlySet<string>): void {
    this.#requireOpen();
    if (this.#tapes.size > 0 || !this.#parameters.isClean) {
      throw new RangeError("full: gradients are being collected; step first");
    }
    this.#full = layers;
  }

  attract(layer: number, target: Float32Array, strength: number): void {
    this.#requireOpen();
    const kernel = this.#parameters.weights(layer);
    checkAttraction({ target, strength }, kernel);
    kernel.attract(target, strength);
  }

  step(options: StepOptions): Int32Array {
    this.#requireOpen();
    checkStep(options);
    return this.#parameters.step(options);
  }

  connections(layer: number): Uint32Array {
    this.#requireOpen();
    const { connections, size } = this.#parameters.weights(layer);
    return connections === null ? Uint32Array.from({ length: size }, (_, i) => i) : connections.positions.slice();
  }

  reconnect(layer: number, change: Reconnection): void {
    this.#requireOpen();
    const kernel = this.#parameters.weights(layer);
    checkReconnection(change, kernel);
    kernel.reconnect(change);
    this.#parameters.changed();
  }

  tensors(): Map<string, StoredTensor> {
    this.#requireOpen();
    return this.#parameters.tensors();
  }

  state(): Map<string, StateTensor> {
    this.#requireOpen();
    return this.#parameters.state();
  }

  firstNonFinite(): string | null {
    this.#requireOpen();
    const passes = [...this.#tapes.values()];
    return this.#parameters.firstNonFinite((layer) => passes.flatMap(({ values }) => values.get(layer) ?? []));
  }

  dispose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.inference.dispose();
    for (const pass of this.#tapes.values()) this.#device.free(...tensorsOf(pass));
    this.#tapes.clear();
    this.#parameters.dispose();
    this.#device.free(...this.#constants);
  }

  #pass(tape: Tape): Pass {
    this.#requireOpen();
    const pass = this.#tapes.get(tape);
    if (pass === undefined) throw new RangeError("tape: this tape has ended");
    return pass;
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw new Error("training was disposed");
  }
}

function isBatchNorm(layer: Layer): layer is BatchNormLayer {
  return layer.op === "batchnorm";
}

function tensorsOf({ values, extras }: Pass): Tensor[] {
  return [...values.values(), ...[...extras.values()].flat()];
}
