/** How long a person waits before a command does anything: `--help` of each, and `compare` of many long streams. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeStreams } from "../support/case-streams.js";
import { head, print, record, rounded, row } from "./output.js";
import { ROOT } from "./tools.js";
import type { Verdict } from "./verdicts.js";

const COMMANDS = ["sparse-train", "attack-eval", "prune-hydra", "compare", "sparse-robust"];
const STREAMS = 20;
const HELP_MUST = 150;
const COMPARE_MUST = 500;
/** Each is short, and other programs may come between. */
const ROUNDS = 10;

interface Call {
  readonly what: string;
  readonly given: readonly string[];
  readonly must: number | null;
  readonly samples: Sample[];
}

interface Sample {
  /** Milliseconds. */
  readonly wall: number;
  /** Of the processor, all threads together. */
  readonly processor: number;
}

export function startUp(): Verdict[] {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const calls = callsIn(folder);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { given, samples } of calls) samples.push(timed(given));
    }
    print("\n## Start-up\n");
    head(["command", "ms", "fastest", "processor ms", "must"]);
    return calls.flatMap(report);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function callsIn(folder: string): Call[] {
  const program = (command: string) => join(ROOT, "bin", `${command}.js`);
  const helps = COMMANDS.map((command) => ({
    ...{ what: `${command} --help`, given: [program(command), "--help"], must: HELP_MUST, samples: [] },
  }));
  const compare = (count: number, must: number | null) => ({
    what: `compare, ${count} streams of 10,000 samples`,
    given: [program("compare"), ...streams.slice(0, count)],
    must,
    samples: [],
  });
  const streams = longStreams(folder);
  const bare = { what: "Node.js alone", given: ["--eval", "0"], must: null, samples: [] };
  return [bare, ...helps, compare(2, null), compare(STREAMS, COMPARE_MUST)];
}

/** By a shell, which knows what its children cost. */
function timed(given: readonly string[]): Sample {
  const start = performance.now();
  const call = spawnSync("sh", ["-c", '"$@" > /dev/null && times', "sh", process.execPath, ...given], {
    encoding: "utf8",
  });
  const wall = performance.now() - start;
  if (call.status !== 0) throw new Error(`${given.join(" ")} ended with ${call.status}: ${call.stderr}`);
  const [, children = ""] = call.stdout.split("\n");
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds),
  );
  return { wall, processor: 1000 * parts.reduce((sum, seconds) => sum + seconds, 0) };
}

function report({ what, must, samples }: Call): Verdict[] {
  const measured = samples.slice(1);
  const wall = median(measured.map((sample) => sample.wall));
  const fastest = Math.min(...measured.map((sample) => sample.wall));
  const processor = median(measured.map((sample) => sample.processor));
  row([what, rounded(wall, 0), rounded(fastest, 0), rounded(processor, 0), must ?? ""]);
  record("start-up", { value: wall, unit: "ms", config: { command: what, must, fastest, processor } });
  return must === null ? [] : [{ what, sense: "at most", must, found: wall, unit: "ms" }];
}

/** Streams that differ in the run and in the network. */
function longStreams(folder: string): string[] {
  const source = join(folder, "source");
  mkdirSync(source);
  writeStreams(source, new Map());
  const text = readFileSync(join(source, "ten-thousand.ndjson"), "utf8");
  return Array.from({ length: STREAMS }, (_, i) => {
    const path = join(folder, `${i}.ndjson`);
    const digest = i.toString(16).padStart(64, "0");
    writeFileSync(path, text.replaceAll("ours-1", `ours-${i}`).replaceAll("a".repeat(64), digest));
    return path;
  });
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
