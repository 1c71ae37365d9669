/** How long a person waits before a command does anything: `--help` of each, and `compare` of many long streams. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeStreams } from "../support/case-streams.js";
import { head, print, record, rounded, row } from "./output.js";

const COMMANDS = ["sparse-train", "attack-eval", "prune-hydra", "compare", "sparse-robust"];
const STREAMS = 20;
const HELP_MUST = 150;
const COMPARE_MUST = 500;

export function startUp(rounds: number): void {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const calls = COMMANDS.map((command) => ({ command, given: ["--help"], must: HELP_MUST, samples: [] as number[] }));
    calls.push({ command: "compare", given: longStreams(folder), must: COMPARE_MUST, samples: [] });
    for (let round = 0; round <= rounds; round++) {
      for (const { command, given, samples } of calls) samples.push(milliseconds(command, given));
    }
    print("\n## Start-up\n");
    head(["command", "ms", "must"]);
    for (const { command, given, must, samples } of calls) {
      const name = given[0] === "--help" ? `${command} --help` : `${command}, ${STREAMS} streams of 10,000 samples`;
      const value = medianWithoutFirst(samples);
      row([name, rounded(value, 0), must]);
      record("start-up", { value, unit: "ms", config: { command: name, must } });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function milliseconds(command: string, given: readonly string[]): number {
  const program = fileURLToPath(new URL(`../../../bin/${command}.js`, import.meta.url));
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [program, ...given], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${given.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - start;
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

function medianWithoutFirst(samples: readonly number[]): number {
  const sorted = samples.slice(1).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
