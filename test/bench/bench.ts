/**
 * `npm run bench`: how fast the program is, beside PyTorch with `--peer torch` (an environment for it is made at the first run).
 * Tables go to stderr, `benchmark` records to stdout. Flags, in bench-flags.ts, choose networks, densities and parts;
 * `--resume FILE` takes from the records of a run that was broken off what it had measured.
 */
import { z } from "zod";
import { BENCH_FLAGS, FOLDER, PARTS } from "./bench-flags.js";
import { compareWithDeepSparse } from "./deepsparse.js";
import { compareEngines } from "./engines.js";
import { readFlags } from "./flags.js";
import { Journal } from "./journal.js";
import { reportLayers } from "./layers.js";
import { print, rounded } from "./output.js";
import { Peak } from "./peak.js";
import { reportPseudoLabelledMemory } from "./pseudo-labelled-memory.js";
import { reportBatches } from "./scaling.js";
import { reportSelection } from "./selection.js";
import { type Speed, type SpeedOptions, SpeedRun } from "./speed.js";
import { reportSpeed } from "./speed-table.js";
import { speedVerdicts } from "./speed-verdicts.js";
import { startUp } from "./start-up.js";
import { type Work, workSchema } from "./subject.js";
import { reportVerdicts, type Verdict } from "./verdicts.js";

const flags = readFlags(BENCH_FLAGS, process.argv.slice(2));
const parts = flags.parts.split(",");
const peers = flags.peer.split(",");
const journal = new Journal(flags.resume ?? null);
const threads = Number(flags.threads);
const peak = new Peak({ folder: FOLDER, threads, journal });
await peak.look("first");
const runs = parts.includes("speed") ? flags.models.split(",").map((model) => new SpeedRun(optionsFor(model))) : [];
printPlan();
reportVerdicts(await measureAll());
peak.end();

async function measureAll(): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  if (parts.includes("start-up")) verdicts.push(...startUp());
  if (parts.includes("selection")) verdicts.push(...reportSelection([0.1, 0.01]));
  if (parts.includes("memory")) verdicts.push(...reportPseudoLabelledMemory());
  const speeds: Speed[] = [];
  for (const run of runs) {
    const speed = await run.run();
    reportSpeed(speed);
    verdicts.push(...speedVerdicts(speed));
    speeds.push(speed);
  }
  reportLayers(speeds, flags.figure ?? null);
  if (parts.includes("deepsparse") && peers.includes("deepsparse")) verdicts.push(...(await deepSparse()));
  if (parts.includes("engines") && areEnginesCompared()) verdicts.push(...(await compareChosenEngines()));
  if (parts.includes("batches")) await reportBatches({ threads, densities: [0.1, 0.01], journal });
  return verdicts;
}

function deepSparse(): Promise<Verdict[]> {
  const folder = `${FOLDER}/deepsparse`;
  const { "deepsparse-python": python, "batch-size": batch, rounds } = flags;
  return compareWithDeepSparse({
    ...{ folder, python, threads, journal },
    ...{ batch: Number(batch), rounds: Number(rounds), densities: [0.1, 0.01] },
  });
}

function areEnginesCompared(): boolean {
  return flags.engines.includes(",");
}

function compareChosenEngines(): Promise<Verdict[]> {
  const engines = flags.engines.split(",").map((name) => z.enum(["auto", "native", "tensorflow"]).parse(name));
  return compareEngines({
    ...{ engines, threads, models: flags.models.split(","), densities: numbers(flags.densities) },
    ...{ batch: Number(flags["batch-size"]), rounds: Number(flags.rounds) },
    environment: peers.includes("tensorflow") ? `${FOLDER}/tensorflow` : null,
  });
}

function optionsFor(model: string): SpeedOptions {
  return {
    ...{ model, environment: flags.environment, threads, peak, journal },
    methodDensities: numbers(flags.densities),
    uniformDensities: numbers(flags.uniform),
    works: flags.works.split(",").map((work): Work => workSchema.parse(work)),
    variants: peers.includes("torch") ? flags.variants.split(",") : [],
    batch: Number(flags["batch-size"]),
    rounds: Number(flags.rounds),
    secondsPerCell: Number(flags["seconds-per-cell"]),
  };
}

/** Minutes, on a machine that does nothing else. */
function printPlan(): void {
  const expected: Readonly<Record<(typeof PARTS)[number], () => number>> = {
    "start-up": () => 20,
    selection: () => 5,
    memory: () => 15,
    speed: () => runs.reduce((sum, run) => sum + run.expectedSeconds(), 0),
    deepsparse: () => (peers.includes("deepsparse") ? 120 : 0),
    engines: () => (areEnginesCompared() ? 60 : 0),
    batches: () => 40,
  };
  const chosen = PARTS.filter((part) => parts.includes(part)).map((part) => ({ part, seconds: expected[part]() }));
  const total = chosen.reduce((sum, { seconds }) => sum + seconds, 0);
  const each = chosen.map(({ part, seconds }) => `${part} ${rounded(seconds / 60, 1)}`).join(", ");
  print(
    `About ${rounded(Math.max(1, total / 60), 0)} minutes on ${threads} idle threads of ${rounded(peak.all, 0)} GFLOP/s`,
  );
  print(`together, without what is installed or was measured before: ${each}.`);
  print("Records go to stdout; kept in a file, they are what --resume FILE goes on with.");
}

function numbers(text: string): number[] {
  return text === "" ? [] : text.split(",").map(Number);
}
