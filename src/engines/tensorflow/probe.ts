/** What TensorFlow says of itself when it is loaded, asked in a process of its own: its messages tell which libraries it missed. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Installation } from "./installation.js";

export interface Probe {
  /** Null where it does not load. */
  readonly version: string | null;
  readonly isGpu: boolean;
  /** Names of the libraries that it looked for and did not find. */
  readonly missing: readonly string[];
  /** The first line of why it does not load, or of why it uses no card. */
  readonly problem: string | null;
}

const SCRIPT = `
const binding = require(process.argv[1]);
console.log(JSON.stringify({ version: binding.TF_Version, isGpu: binding.isUsingGpuDevice() }));
`;

/** Takes a second or two. */
export function probe({ addon }: Installation): Probe {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "0", TF_FORCE_GPU_ALLOW_GROWTH: "true" };
  const run = spawnSync(process.execPath, ["-e", SCRIPT, addon], { encoding: "utf8", env, timeout: 120_000 });
  const answer = readProbe(run.stdout, run.stderr);
  if (answer.isGpu || !(answer.problem ?? "").includes("cuInit") || hasDriver()) return answer;
  return { ...answer, missing: [...answer.missing, DRIVER] };
}

/** NVIDIA's driver, without which TensorFlow says only that it cannot begin. */
const DRIVER = "libcuda.so.1";

function hasDriver(): boolean {
  const { stdout } = spawnSync("ldconfig", ["-p"], { encoding: "utf8" });
  const folders = (process.env.LD_LIBRARY_PATH ?? "").split(":").filter((folder) => folder !== "");
  return (stdout ?? "").includes(DRIVER) || folders.some((folder) => existsSync(join(folder, DRIVER)));
}

/** Reads the process's output and TensorFlow's messages. */
export function readProbe(output: string, messages: string): Probe {
  const missing = [...messages.matchAll(/(?:dynamic library '|^Error: )(lib[\w+-]+\.so[\d.]*)(?:'|: cannot open)/gm)];
  const names = [...new Set(missing.map(([, name]) => name ?? ""))];
  const answer = output.split("\n").find((line) => line.startsWith("{"));
  if (answer === undefined) {
    const reason = messages.split("\n").find((line) => line.startsWith("Error: "));
    return {
      version: null,
      isGpu: false,
      missing: names,
      problem: reason?.slice("Error: ".length) ?? "it ended without a word",
    };
  }
  const found: unknown = JSON.parse(answer);
  const fields = new Map(typeof found === "object" && found !== null ? Object.entries(found) : []);
  const trouble = /(?:failed call to cuInit: |Cannot dlopen some GPU libraries)[^\n.]*/.exec(messages)?.[0] ?? null;
  return {
    version: String(fields.get("version")),
    isGpu: fields.get("isGpu") === true,
    missing: names,
    problem: trouble,
  };
}
