/** What `npm run bench` takes. */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { workSchema } from "./subject.js";

/** Where environments of peers and what they compile are kept. */
export const FOLDER = fileURLToPath(new URL("../../../.bench", import.meta.url));

export const PEERS = ["none", "torch", "deepsparse", "tensorflow"] as const;

export const PARTS = ["start-up", "selection", "memory", "speed", "deepsparse", "engines", "batches"] as const;

const VARIANTS = ["eager", "channels-last", "compiled", "bf16+channels-last", "bf16+channels-last+compiled"] as const;

export const BENCH_FLAGS = {
  peer: {
    type: "string",
    default: "none",
    among: PEERS,
    help: "what to measure beside, in an environment made for it at the first run; several with commas",
  },
  parts: { type: "string", default: PARTS.join(","), among: PARTS, help: "what to measure" },
  engines: {
    type: "string",
    default: "native",
    among: ["auto", "native", "tensorflow"],
    help: "two of them beside each other, with --peer tensorflow beside TensorFlow in Python too",
  },
  models: { type: "string", default: "vgg16,wrn28_4", help: "networks of the catalogue" },
  densities: { type: "string", default: "1,0.1,0.01", among: "numbers", help: "with the method's layer densities" },
  uniform: { type: "string", default: "0.05,0.005", among: "numbers", help: "densities with all layers equal" },
  works: { type: "string", default: workSchema.options.join(","), among: workSchema.options, help: "what is timed" },
  variants: { type: "string", default: VARIANTS.join(","), among: VARIANTS, help: "ways to run PyTorch" },
  "batch-size": { type: "string", default: "128", among: "numbers", help: "images at a time" },
  threads: { type: "string", default: String(availableParallelism()), among: "numbers", help: "of each side" },
  rounds: { type: "string", default: "3", among: "numbers", help: "turns of each cell" },
  "seconds-per-cell": { type: "string", default: "3", among: "numbers", help: "of each turn" },
  environment: { type: "string", default: `${FOLDER}/torch`, help: "a Python environment that has PyTorch" },
  "deepsparse-python": { type: "string", default: "python3.11", help: "a Python that DeepSparse runs on, 3.8 to 3.11" },
  figure: { type: "string", help: "SVG file for the layers' times" },
  resume: { type: "string", help: "records of a run that was broken off, to go on with" },
} as const;
