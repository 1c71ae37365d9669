/** The forward pass beside DeepSparse, the sparse engine of Neural Magic, on the same sparse VGG-16. */
import { join } from "node:path";
import { Child } from "./child.js";
import type { Journal } from "./journal.js";
import { head, print, record, rounded, row } from "./output.js";
import { type Cell, cell, secondsOf, takeTurns } from "./rounds.js";
import { layersOf, type Subject } from "./subject.js";
import { ours, pythonOf, ROOT, requirePackages } from "./tools.js";
import type { Verdict } from "./verdicts.js";

export interface DeepSparseOptions {
  readonly folder: string;
  /** 3.8 to 3.11: the engine's last release knows no later one. */
  readonly python: string;
  readonly densities: readonly number[];
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
  readonly journal: Journal;
}

const PACKAGES = ["deepsparse==1.8.0", "onnx"];

const MUSTS: ReadonlyMap<number, { readonly must: number; readonly goal: number }> = new Map([
  [0.1, { must: 2, goal: 2.7 }],
  [0.01, { must: 1.8, goal: 2.5 }],
]);

/** Says why, and compares nothing, where it cannot be installed or run. */
export async function compareWithDeepSparse(options: DeepSparseOptions): Promise<Verdict[]> {
  print("\n## vgg16, forward, beside DeepSparse\n");
  try {
    requirePackages(options.folder, { python: options.python, module: "deepsparse, onnx", packages: PACKAGES });
  } catch (error) {
    print(`Not compared: ${error instanceof Error ? error.message : error}`);
    print(
      `DeepSparse 1.8.0 needs Python 3.8 to 3.11 on Linux; --deepsparse-python names one (${options.python} was tried).`,
    );
    return [];
  }
  return compare(options);
}

interface Pair {
  readonly density: number;
  readonly threads: number;
  readonly own: Cell;
  readonly theirs: Cell;
}

async function compare(options: DeepSparseOptions): Promise<Verdict[]> {
  const { folder, journal, rounds } = options;
  const script = join(ROOT, "scripts", "bench-deepsparse.py");
  const peer = new Child({ name: "deepsparse", program: pythonOf(folder), arguments: [script] });
  const own = ours();
  const pairs = options.densities.flatMap((density) =>
    [...new Set([options.threads, 1])].map((threads) => pairOf({ density, threads, own, peer }, options)),
  );
  const cells = pairs.flatMap((pair) => [pair.own, pair.theirs]);
  await takeTurns(cells, { rounds, secondsPerCell: 10, journal, betweenRounds: async () => {} });
  for (const child of [own, peer]) child.end();
  head(["density", "threads", "images/s", "DeepSparse", "ratio"]);
  return pairs.flatMap((pair) => report(pair, options));
}

interface Sides {
  readonly density: number;
  readonly threads: number;
  readonly own: Child;
  readonly peer: Child;
}

function pairOf({ density, threads, own, peer }: Sides, { batch }: DeepSparseOptions): Pair {
  const subject: Subject = { model: "vgg16", densities: "method", density };
  const densities = layersOf(subject).map((layer) => Number(layer.density.toFixed(6)));
  return {
    ...{ density, threads },
    own: cell(own, { subject, work: "forward", batch, threads }, 0.1),
    theirs: cell(peer, { batch, threads, densities }, 0.2),
  };
}

function report({ density, threads, own, theirs }: Pair, { batch }: DeepSparseOptions): Verdict[] {
  if (theirs.error !== null) print(`DeepSparse at ${density} on ${threads} threads: ${theirs.error}  `);
  const [ownRate, rate] = [own, theirs].map((one) => batch / secondsOf(one));
  const found = (ownRate ?? Number.NaN) / (rate ?? Number.NaN);
  row([density, threads, rounded(ownRate ?? Number.NaN, 0), rounded(rate ?? Number.NaN, 0), rounded(found, 2)]);
  const config = { model: "vgg16", densities: "method", density, batch, threads };
  record("forward", { value: rate ?? Number.NaN, unit: "images/s", peer: "deepsparse 1.8.0", config });
  const must = MUSTS.get(density);
  if (must === undefined) return [];
  const what = `vgg16 method ${density}, forward, against DeepSparse, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
  return [{ what, sense: "at least", ...must, found, unit: "times", config }];
}
