/** An engine of readable loops in double precision: the yardstick that the real engines and what stands on them are tested against. */
import type { Engine, Inference, Training, TrainingOptions } from "../../src/engines/engine.js";
import type { Network } from "../../src/models/network.js";
import { PlainInference } from "./plain-inference.js";
import { everyEntry } from "./plain-parameters.js";
import { PlainTraining } from "./plain-training.js";

export const plainEngine: Engine = {
  info: { name: "native", device: "double-precision loops", threads: 1, reason: "the tests' yardstick" },
  infer(network: Network): Inference {
    return new PlainInference(network, new Map([...network.tensors].map(([name, t]) => [name, everyEntry(t)])));
  },
  train(network: Network, options: TrainingOptions): Training {
    return new PlainTraining(network, options);
  },
};
