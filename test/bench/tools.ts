/** The processes that take part: our engine, PyTorch and DeepSparse in environments of their own, the machine's peak. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "./child.js";
import { print } from "./output.js";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A worker of ours; `target` forces an instruction set. */
export function ours(target?: string): Child {
  const worker = fileURLToPath(new URL("worker.js", import.meta.url));
  const environment = target === undefined ? {} : { SPARSE_ROBUST_TARGET: target };
  return new Child({ name: target ?? "ours", program: process.execPath, arguments: [worker], environment });
}

/** PyTorch from `folder`, a virtual environment that is made there when it is missing; what it compiles is kept beside it. */
export function torch(folder: string, threads: number): Child {
  return new Child({
    name: "torch",
    program: pythonOf(folder),
    arguments: [join(ROOT, "scripts", "bench-torch.py")],
    environment: { OMP_NUM_THREADS: String(threads), TORCHINDUCTOR_CACHE_DIR: join(folder, "compiled") },
    prepare: () =>
      requirePackages(folder, { python: "python3", module: "torch", packages: ["torch", "numpy", "setuptools"] }),
  });
}

export interface Packages {
  /** What makes the environment. */
  readonly python: string;
  /** There when the packages are. */
  readonly module: string;
  readonly packages: readonly string[];
}

export function pythonOf(folder: string): string {
  return join(folder, "bin", "python");
}

/** Makes a virtual environment with the packages, unless it is there. Throws Error with the command that failed. */
export function requirePackages(folder: string, { python, module, packages }: Packages): void {
  const own = pythonOf(folder);
  if (!existsSync(own)) runOrThrow(python, ["-m", "venv", folder]);
  if (spawnSync(own, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0) return;
  print(`Installing ${packages.join(", ")} in ${folder}`);
  runOrThrow(own, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
}

/** Answers "TARGET THREADS" by GFLOP/s. */
export function peak(folder: string): Child {
  const program = join(folder, "peak");
  const source = join(ROOT, "native", "test", "peak.cc");
  const build = () => {
    mkdirSync(folder, { recursive: true });
    runOrThrow(process.env.CXX ?? "c++", ["-std=c++17", "-O3", "-pthread", source, "-o", program]);
  };
  return new Child({ name: "peak", program, prepare: build });
}

/** What it prints goes to stderr: stdout has records only. */
export function runOrThrow(program: string, given: readonly string[]): void {
  const { status, error } = spawnSync(program, given, { stdio: ["ignore", 2, "inherit"] });
  if (status !== 0) throw new Error(`${program} ${given.join(" ")} failed: ${error?.message ?? `status ${status}`}`);
}
