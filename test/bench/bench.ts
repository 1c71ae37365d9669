/**
 * `npm run bench`: how fast the engine runs, beside PyTorch with `--peer torch` (an environment for it is made at the first
 * run). Tables go to stderr, `benchmark` records to stdout. Flags choose networks, densities and parts.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { reportMusts } from "./must-table.js";
import { reportBatches } from "./scaling.js";
import { type Speed, type SpeedOptions, speedOf } from "./speed.js";
import { reportSpeed } from "./speed-table.js";
import { startUp } from "./start-up.js";
import { type Work, workSchema } from "./subject.js";

const FOLDER = fileURLToPath(new URL("../../../.bench", import.meta.url));

const { values: flags } = parseArgs({
  options: {
    peer: { type: "string", default: "none" },
    parts: { type: "string", default: "speed,batches,start-up" },
    models: { type: "string", default: "vgg16,wrn28_4" },
    densities: { type: "string", default: "1,0.1,0.01" },
    uniform: { type: "string", default: "0.1,0.05,0.01,0.005" },
    works: { type: "string", default: "forward,step,at" },
    variants: { type: "string", default: "eager,channels-last,compiled,bf16,bf16+channels-last" },
    "batch-size": { type: "string", default: "128" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "4" },
    "seconds-per-cell": { type: "string", default: "4" },
    /** A Python environment that has PyTorch already. */
    environment: { type: "string", default: `${FOLDER}/torch` },
  },
});

const parts = flags.parts.split(",");
if (parts.includes("speed")) await compareSpeeds();
if (parts.includes("batches")) await reportBatches({ threads: Number(flags.threads), densities: [0.1, 0.01] });
if (parts.includes("start-up")) startUp(Number(flags.rounds));

async function compareSpeeds(): Promise<void> {
  const speeds: Speed[] = [];
  for (const model of flags.models.split(",")) {
    const options = optionsFor(model);
    const speed = await speedOf(options);
    reportSpeed(speed, options);
    speeds.push(speed);
  }
  if (flags.peer !== "none") reportMusts(speeds);
}

function optionsFor(model: string): SpeedOptions {
  if (!["none", "torch"].includes(flags.peer)) throw new Error(`--peer ${flags.peer}: none or torch`);
  return {
    ...{ model, folder: FOLDER, environment: flags.environment },
    methodDensities: numbers(flags.densities),
    uniformDensities: numbers(flags.uniform),
    works: flags.works.split(",").map((work): Work => workSchema.parse(work)),
    variants: flags.peer === "none" ? [] : flags.variants.split(","),
    batch: Number(flags["batch-size"]),
    threads: Number(flags.threads),
    rounds: Number(flags.rounds),
    secondsPerCell: Number(flags["seconds-per-cell"]),
  };
}

function numbers(text: string): number[] {
  return text === "" ? [] : text.split(",").map(Number);
}
