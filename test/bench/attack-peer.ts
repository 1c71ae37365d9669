/**
 * `npm run bench -- --peer autoattack`: AutoAttack and the Brendel & Bethge attack on VGG-16, ours beside the public libraries' in
 * PyTorch on the same weights and images, member by member in turns. Networks are trained first and kept, and so is every answer:
 * called again it goes on where it was. Tables go to stderr, `benchmark` records to stdout.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadImages } from "../../src/data/catalog.js";
import { npyFile } from "../support/npy-file.js";
import { KeptAnswers } from "./attack-peer-answers.js";
import { type AttackComparison, reportAttacks } from "./attack-peer-table.js";
import { Child } from "./child.js";
import { print } from "./output.js";
import { pythonOf, ROOT, requirePackages, runOrThrow } from "./tools.js";

const MEMBERS = ["apgd-ce", "apgd-t", "fab-t", "square"] as const;

/** The authors' package is not on the package index. */
const PACKAGES = ["torch", "numpy", "foolbox", "git+https://github.com/fra31/auto-attack"];

/** Attacked with three long steps, for speed: the networks need some robustness, not the most. */
const TRAINING =
  "--data cifar10 --model vgg16 --objective at --attack-steps 3 --attack-step 4/255 --epochs 2 --batch-size 64 --learning-rate 0.03 --select last";

interface AttackBench {
  readonly folder: string;
  readonly dataDir: string | undefined;
  readonly samples: number;
  readonly trainSamples: number;
  readonly threads: number;
  /** Of the published steps and queries, where there is no time for all. */
  readonly fraction: number;
  readonly environment: string;
  /** Checkpoints by density, where none are to be trained. */
  readonly networks: readonly string[];
}

export async function compareAttacks(given: readonly string[]): Promise<void> {
  const options = optionsOf(given);
  mkdirSync(options.folder, { recursive: true });
  const data = await keepImages(options);
  const sides = { ours: ours(), theirs: theirs(options.environment) };
  const kept = new KeptAnswers(join(options.folder, "answers.json"));
  const comparisons: AttackComparison[] = [];
  try {
    for (const [i, density] of [1, 0.1].entries()) {
      const checkpoint = options.networks[i] ?? trained(density, options);
      comparisons.push(await compared({ checkpoint, density, data, sides, kept }, options));
    }
  } finally {
    sides.ours.end();
    sides.theirs.end();
  }
  reportAttacks(comparisons, options);
}

function optionsOf(given: readonly string[]): AttackBench {
  const folder = fileURLToPath(new URL("../../../.bench/attacks", import.meta.url));
  const { values } = parseArgs({
    args: [...given],
    options: {
      peer: { type: "string" },
      "data-dir": { type: "string" },
      samples: { type: "string", default: "32" },
      "train-samples": { type: "string", default: "10000" },
      threads: { type: "string", default: String(availableParallelism()) },
      fraction: { type: "string", default: "1" },
      /** A Python environment that has the packages already. */
      environment: { type: "string", default: join(folder, "python") },
      folder: { type: "string", default: folder },
      networks: { type: "string", default: "" },
    },
  });
  return {
    ...{ folder: values.folder, dataDir: values["data-dir"], environment: values.environment },
    samples: Number(values.samples),
    trainSamples: Number(values["train-samples"]),
    threads: Number(values.threads),
    fraction: Number(values.fraction),
    networks: values.networks === "" ? [] : values.networks.split(","),
  };
}

/** The first test images as a folder that both sides read. */
async function keepImages({ folder, samples, dataDir }: AttackBench): Promise<string> {
  const path = join(folder, `images-${samples}`);
  mkdirSync(path, { recursive: true });
  const set = await loadImages({ name: "cifar10", directory: dataDir ?? null, split: "test", limit: samples });
  const shape = [samples, set.height, set.width, set.channels];
  writeFileSync(join(path, "images.npy"), npyFile({ shape, bytes: Uint8Array.from(set.pixels) }));
  writeFileSync(join(path, "labels.npy"), npyFile({ shape: [samples], bytes: set.labels }));
  return path;
}

/** A network of the density; goes on with its training where that was broken off, and repeats nothing that is done. */
function trained(density: number, { folder, trainSamples, dataDir, threads }: AttackBench): string {
  const out = join(folder, `vgg16-${density}-${trainSamples}`);
  const how = density === 1 ? ["--mode", "dense"] : ["--density", String(density)];
  const where = dataDir === undefined ? [] : ["--data-dir", dataDir];
  const resume = existsSync(out) ? ["--resume"] : [];
  print(`Training VGG-16 at density ${density} on ${trainSamples} images`);
  const command = [join(ROOT, "bin", "sparse-train.js"), ...TRAINING.split(" "), ...how, ...where, ...resume];
  runOrThrow(process.execPath, [
    ...command,
    "--train-samples",
    String(trainSamples),
    "--threads",
    String(threads),
    "--out",
    out,
  ]);
  return join(out, "final.safetensors");
}

function ours(): Child {
  const worker = fileURLToPath(new URL("attack-peer-worker.js", import.meta.url));
  return new Child({ name: "ours", program: process.execPath, arguments: [worker] });
}

function theirs(environment: string): Child {
  return new Child({
    name: "autoattack",
    program: pythonOf(environment),
    arguments: [join(ROOT, "scripts", "bench-autoattack.py")],
    prepare: () =>
      requirePackages(environment, { python: "python3", module: "autoattack, foolbox", packages: PACKAGES }),
  });
}

interface Matter {
  readonly checkpoint: string;
  readonly density: number;
  readonly data: string;
  readonly sides: { readonly ours: Child; readonly theirs: Child };
  readonly kept: KeptAnswers;
}

async function compared(matter: Matter, { samples, threads, fraction }: AttackBench): Promise<AttackComparison> {
  const { checkpoint, data, sides, kept, density } = matter;
  const ask = (child: Child, attack: string, standing: readonly number[]) =>
    kept.once(child, { checkpoint, data, samples, attack, standing: [...standing], threads, fraction });
  const both = async (attack: string, mine: readonly number[], other: readonly number[]) => {
    print(`density ${density}: ${attack} on ${mine.length} and ${other.length} images`);
    return { attack, ours: await ask(sides.ours, attack, mine), theirs: await ask(sides.theirs, attack, other) };
  };
  const all = Array.from({ length: samples }, (_, index) => index);
  const clean = await both("clean", all, all);
  const rows = [clean];
  for (const member of MEMBERS) {
    const { ours, theirs } = rows.at(-1) ?? clean;
    rows.push(await both(member, ours.standing, theirs.standing));
  }
  const { standing } = await ask(sides.theirs, "bb-starts", clean.theirs.standing);
  const walked = standing.length === 0 ? null : await both("bb", standing, standing);
  return { density, checkpoint, rows, walked, started: standing.length };
}
