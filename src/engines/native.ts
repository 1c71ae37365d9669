/** The native engine: sparse kernels on the CPU, in the addon. Here meaning is checked, there what memory depends on. */
import { cpus } from "node:os";
import { ResourceError } from "../core/errors.js";
import type { Layer } from "../models/graph.js";
import type { Network, Tensor } from "../models/network.js";
import {
  type Addon,
  chooseMachine,
  type Handle,
  isTargetForced,
  loadAddon,
  type Machine,
  type StepTime,
} from "./addon.js";
import type { Ascent, AscentProblem, Engine, Inference, LossGradient, Training, TrainingOptions } from "./engine.js";
import { NativeTraining } from "./native-training.js";

/** Throws ResourceError where the addon is missing, UsageError for a wrong thread count or SPARSE_ROBUST_TARGET. */
export function nativeEngine({ threads, reason }: { threads?: number; reason: string }): Engine {
  const addon = loadAddon();
  const machine = chooseMachine(addon, threads);
  const device = `${cpus()[0]?.model.trim() ?? "processor"}, ${machine.target}${isTargetForced() ? " (forced)" : ""}`;
  return {
    info: { name: "native", device, threads: machine.threads, reason },
    infer: (network) => inferenceOf(network, { addon, machine }),
    train: (network, options) => trainingOf(network, options, { addon, machine }),
  };
}

interface Place {
  readonly addon: Addon;
  readonly machine: Machine;
}

function inferenceOf(network: Network, { addon, machine }: Place): Inference {
  const handle = withMemory(() => addon.createInference(describeNetwork(network), machine));
  return new NativeInference(network, addon, handle);
}

function trainingOf(network: Network, options: TrainingOptions, { addon, machine }: Place): Training {
  const described = {
    ...describeNetwork(network),
    rules: Object.fromEntries(options.rules),
    full: Object.fromEntries([...(options.fullGradients ?? [])].map((layer) => [layer, true])),
    state: Object.fromEntries([...(options.state ?? [])].map(([name, { values }]) => [name, values])),
  };
  const handle = withMemory(() => addon.createTraining(described, machine));
  const inference = new NativeInference(network, addon, addon.inferenceOf(handle));
  return new NativeTraining({ network, addon, handle, inference });
}

/** What the steps of a native network took since the last call, for the benchmark; TypeError for another engine's. */
export function takeTimes(inference: Inference): readonly StepTime[] {
  if (!(inference instanceof NativeInference)) throw new TypeError("inference must be the native engine's");
  return inference.addon.takeTimes(inference.handle);
}

class NativeInference implements Inference {
  readonly input: readonly [number, number, number];
  readonly classes: number;

  constructor(
    network: Network,
    readonly addon: Addon,
    readonly handle: Handle,
  ) {
    this.input = network.input;
    this.classes = network.classes;
  }

  logits(images: Float32Array): Float32Array {
    return withMemory(() => this.addon.logits(this.handle, images));
  }

  inputGradient(images: Float32Array, lossGradient: LossGradient): { logits: Float32Array; gradient: Float32Array } {
    return withMemory(() => this.addon.inputGradient(this.handle, images, lossGradient));
  }

  ascend({ images, origin, lossGradient, norm, epsilon, stepSize, bounds }: AscentProblem): Ascent {
    const { addon } = this;
    const rule = { norm, epsilon, stepSize, low: bounds[0], high: bounds[1] };
    const ascent = withMemory(() => addon.createAscent(this.handle, images, origin, rule));
    return {
      advance: (steps) => withMemory(() => addon.advance(ascent, steps, lossGradient)),
      images: () => addon.ascentImages(ascent),
      dispose: () => addon.dispose(ascent),
    };
  }

  dispose(): void {
    this.addon.dispose(this.handle);
  }
}

/** The graph with numbers for names: value 0 is the batch of images, i + 1 the output of layer i. */
function describeNetwork({ input, classes, graph, tensors }: Network): object {
  const numbers = new Map([["input", 0], ...graph.map((layer, i) => [layer.name, i + 1] as const)]);
  const layers = graph.map((layer) => describeLayer(layer, numbers));
  return { input, classes, layers, tensors: Object.fromEntries([...tensors].map(([name, t]) => [name, plain(t)])) };
}

function describeLayer(layer: Layer, numbers: ReadonlyMap<string, number>): object {
  return { ...layer, inputs: layer.inputs.map((name) => numbers.get(name) ?? -1) };
}

function plain(tensor: Tensor): object {
  return tensor.type === "dense" ? { values: tensor.values } : { values: tensor.values, index: tensor.index };
}

/** Runs a call of the addon; no memory is a ResourceError that says what would help. */
export function withMemory<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_OUT_OF_MEMORY") {
      throw new ResourceError("the native engine ran out of memory; use a smaller batch or a narrower network");
    }
    throw error;
  }
}
