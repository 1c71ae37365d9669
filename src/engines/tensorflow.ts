/** The tensorflow engine: TensorFlow's kernels on a graphics card, else on the CPU, through the addon of `@tensorflow/tfjs-node-gpu`. */
import { availableParallelism, cpus } from "node:os";
import { UsageError } from "../core/errors.js";
import type { Network } from "../models/network.js";
import type { Engine, TrainingOptions } from "./engine.js";
import { type Binding, loadBinding } from "./tensorflow/binding.js";
import { Device } from "./tensorflow/device.js";
import { listGraphicsCards } from "./tensorflow/graphics-cards.js";
import { TensorflowInference } from "./tensorflow/inference.js";
import { findInstallation, type Installation, installedBy } from "./tensorflow/installation.js";
import { constantParameters } from "./tensorflow/parameters.js";
import { TensorflowTraining } from "./tensorflow/training.js";

export interface TensorflowOptions {
  /** Undefined: one for each core. Only the first engine of a process can choose. */
  readonly threads?: number | undefined;
  readonly reason: string;
  /** Takes a line for people. */
  readonly announce?: ((line: string) => void) | undefined;
}

export interface TensorflowEngine extends Engine {
  readonly installation: Installation;
  readonly isGpu: boolean;
  /** Tensors alive, of all networks. */
  readonly tensors: () => number;
}

/** One for all networks of the process, as TensorFlow's addon has one. */
let device: Device | undefined;

/** Throws UsageError where TensorFlow is not installed, ResourceError where it does not load. */
export function tensorflowEngine({ threads, reason, announce }: TensorflowOptions): TensorflowEngine {
  const found = findInstallation();
  if (found === null) throw new UsageError(`the tensorflow engine is not installed; install it with: ${installedBy}`);
  const { binding, installation, threads: used } = loadBinding(found, threads);
  device ??= new Device(binding);
  const own = device;
  if (own.isGpu) announce?.(FIRST_STEP);
  return {
    info: {
      name: "tensorflow",
      device: deviceText(binding, own, installation),
      threads: used ?? availableParallelism(),
      reason,
    },
    installation,
    isGpu: own.isGpu,
    tensors: () => own.tensors,
    infer: (network: Network) => new TensorflowInference(network, own, constantParameters(own, network)),
    train: (network: Network, options: TrainingOptions) => new TensorflowTraining(network, options, own),
  };
}

const FIRST_STEP =
  "the first step on a graphics card chooses its kernels, and compiles those that TensorFlow does not bring for this card: seconds, on a new kind of card minutes, once";

function deviceText({ TF_Version: version }: Binding, { isGpu }: Device, { built }: Installation): string {
  const library = `TensorFlow ${version}`;
  if (!isGpu) return `${cpus()[0]?.model.trim() ?? "processor"}, ${library}`;
  const card = listGraphicsCards()[0]?.name ?? "graphics card";
  return `${card}, ${library}${built?.cuda ? `, CUDA ${built.cuda}` : ""}`;
}
