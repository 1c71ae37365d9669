/** The tensorflow engine: TensorFlow's kernels on a graphics card, else on the CPU, through the addon of `@tensorflow/tfjs-node-gpu`. */
import { availableParallelism, cpus } from "node:os";
import { ResourceError } from "../core/errors.js";
import type { Network } from "../models/network.js";
import type { Engine, TrainingOptions } from "./engine.js";
import { loadBinding } from "./tensorflow/binding.js";
import { Device } from "./tensorflow/device.js";
import { TensorflowInference } from "./tensorflow/inference.js";
import { findInstallation, installedBy } from "./tensorflow/installation.js";
import { constantParameters } from "./tensorflow/parameters.js";
import { TensorflowTraining } from "./tensorflow/training.js";

/** Throws ResourceError where TensorFlow is not installed or does not load. */
export function tensorflowEngine({ threads, reason }: { threads?: number; reason: string }): Engine {
  const installation = findInstallation();
  if (installation === null)
    throw new ResourceError(`the tensorflow engine is not installed; install it with: ${installedBy}`);
  const { binding, threads: used } = loadBinding(installation, threads);
  const device = new Device(binding);
  const cpu = cpus()[0]?.model.trim() ?? "processor";
  return {
    info: {
      name: "tensorflow",
      device: `${cpu}, TensorFlow ${binding.TF_Version}`,
      threads: used ?? availableParallelism(),
      reason,
    },
    infer: (network: Network) => new TensorflowInference(network, device, constantParameters(device, network)),
    train: (network: Network, options: TrainingOptions) => new TensorflowTraining(network, options, device),
  };
}
