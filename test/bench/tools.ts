/** The processes that take part: our engine, PyTorch in an environment of its own, the machine's peak. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "./child.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A worker of ours; `target` forces an instruction set. */
export function ours(target?: string): Child {
  const worker = fileURLToPath(new URL("worker.js", import.meta.url));
  const environment = target === undefined ? {} : { SPARSE_ROBUST_TARGET: target };
  return new Child({ program: process.execPath, arguments: [worker], environment });
}

/** PyTorch from `folder`, a virtual environment that is made there when it is missing. */
export function torch(folder: string): Child {
  const python = join(folder, "bin", "python");
  if (!existsSync(python)) runOrThrow("python3", ["-m", "venv", folder]);
  if (spawnSync(python, ["-c", "import torch"]).status !== 0) {
    runOrThrow(python, ["-m", "pip", "install", "--quiet", "torch", "numpy", "setuptools"]);
  }
  return new Child({ program: python, arguments: [join(ROOT, "scripts", "bench-torch.py")] });
}

/** Answers "TARGET THREADS" by GFLOP/s. */
export function peak(folder: string): Child {
  const program = join(folder, "peak");
  mkdirSync(folder, { recursive: true });
  const source = join(ROOT, "native", "test", "peak.cc");
  runOrThrow(process.env.CXX ?? "c++", ["-std=c++17", "-O3", "-pthread", source, "-o", program]);
  return new Child({ program });
}

function runOrThrow(program: string, given: readonly string[]): void {
  const { status, error } = spawnSync(program, given, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`${program} ${given.join(" ")} failed: ${error?.message ?? `status ${status}`}`);
}
