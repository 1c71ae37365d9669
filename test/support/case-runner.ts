/** Runs one case: the command line of a case folder, as a shell runs it, in a folder of its own. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const COMMANDS = ["sparse-train", "attack-eval", "prune-hydra", "compare", "sparse-robust"];

/** No case may take longer: a command that waits for ever is ended, and its exit code shows it. */
const SECONDS = 120;

export interface CaseResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Of the last command that failed in the pipe, 0 where none did. */
  readonly code: number;
}

/** A folder with the commands by their names, for PATH. */
export function commandFolder(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of COMMANDS) symlinkSync(join(ROOT, "bin", `${name}.js`), join(bin, name));
  return bin;
}

/** Runs `cmd` of the case folder among copies of the fixtures and of the case's own files. */
export async function runCase(options: {
  readonly folder: string;
  readonly fixtures: string;
  readonly bin: string;
}): Promise<CaseResult> {
  const scratch = mkdtempSync(join(tmpdir(), "sparse-robust-case-"));
  try {
    cpSync(options.fixtures, scratch, { recursive: true });
    cpSync(options.folder, scratch, { recursive: true });
    const result = await shell(readFileSync(join(options.folder, "cmd"), "utf8"), scratch, options.bin);
    const tidy = (text: string) => normalised(text.replaceAll(scratch, "SCRATCH"));
    return { stdout: tidy(result.stdout), stderr: tidy(result.stderr), code: result.code };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Replaces the expectation of a case by what it gives now. */
export function updateCase(folder: string, { stdout, stderr, code }: CaseResult): void {
  writeFileSync(join(folder, "stdout"), stdout);
  writeFileSync(join(folder, "stderr"), stderr);
  writeFileSync(join(folder, "code"), `${code}\n`);
}

function shell(script: string, cwd: string, bin: string): Promise<CaseResult> {
  const { SPARSE_ROBUST_DATA: _data, ...rest } = process.env;
  const env = { ...rest, PATH: `${bin}:${process.env.PATH}`, ROOT };
  const child = spawn("bash", ["-o", "pipefail", "-c", script], {
    cwd,
    env,
    timeout: SECONDS * 1000,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), code: code ?? -1 }),
    );
  });
}

/** What differs from run to run or from machine to machine, by a word in its place. */
function normalised(text: string): string {
  return replacements.reduce((result, [pattern, replacement]) => result.replaceAll(pattern, replacement), text);
}

const replacements: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "2000-01-01T00:00:00.000Z"],
  [/\d{8}T\d{6}-[0-9a-f]{6}/g, "RUN"],
  [/"(seconds|imagesPerSecond|memoryBytes)":[\d.e+-]+/g, '"$1":0'],
  [/\b\d+(\.\d+)? s\b/g, "0 s"],
  [/"engine":\{[^}]*\}/g, '"engine":{"name":"native","device":"DEVICE","threads":1,"reason":"REASON"}'],
  [/not a line of JSON \(.*\)/g, "not a line of JSON (REASON)"],
];
