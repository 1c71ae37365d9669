/**
 * `npm run bench -- --peer autoattack`: AutoAttack and the Brendel & Bethge attack on VGG-16, ours beside the public libraries' in
 * PyTorch on the same weights and images, member by member in turns. Networks are trained first and kept, and so is every answer:
 * called again it goes on where it was. Tables go to stderr, `benchmark` records to stdout.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadImages } from "../../src/data/catalog.js";
import { npyFile } from "../support/npy-file.js";
import { KeptAnswers } from "./attack-peer-answers.js";
import { type AttackRow, reportEnsemble, reportWalk } from "./attack-peer-table.js";
import { Child } from "./child.js";
import { readFlags } from "./flags.js";
import { print } from "./output.js";
import { pythonOf, ROOT, requirePackages, runOrThrow } from "./tools.js";

const MEMBERS = ["apgd-ce", "apgd-t", "fab-t", "square"] as const;

/** The authors' package is not on the package index; Foolbox asks for numba when its Brendel & Bethge attack is used. */
const PACKAGES = ["torch", "numpy", "foolbox", "numba", "git+https://github.com/fra31/auto-attack"];

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

const FOLDER = fileURLToPath(new URL("../../../.bench/attacks", import.meta.url));

export const ATTACK_FLAGS = {
  peer: { type: "string", help: "autoattack" },
  "data-dir": { type: "string", help: "where CIFAR-10 is" },
  samples: { type: "string", default: "32", among: "numbers", help: "test images to attack" },
  "train-samples": { type: "string", default: "10000", among: "numbers", help: "images to train the networks on" },
  threads: { type: "string", default: String(availableParallelism()), among: "numbers", help: "of each side" },
  fraction: { type: "string", default: "1", among: "numbers", help: "of the published steps and queries" },
  environment: { type: "string", default: join(FOLDER, "python"), help: "a Python environment that has the packages" },
  folder: { type: "string", default: FOLDER, help: "for networks, images and answers" },
  networks: { type: "string", default: "", help: "two checkpoints, dense and sparse, where none are to be trained" },
} as const;

export async function compareAttacks(given: readonly string[]): Promise<void> {
  const options = optionsOf(given);
  mkdirSync(options.folder, { recursive: true });
  const data = await keepImages(options);
  const sides = { ours: ours(), theirs: theirs(options.environment) };
  const kept = new KeptAnswers(join(options.folder, "answers.json"));
  try {
    const matters = [1, 0.1].map((density, i) => {
      return { checkpoint: options.networks[i] ?? trained(density, options), density, data, sides, kept };
    });
    const standing = new Map<Matter, readonly number[]>();
    for (const matter of matters) {
      const rows = await ensemble(matter, options);
      reportEnsemble(rows, { ...options, ...matter });
      standing.set(matter, rows[0]?.theirs.standing ?? []);
    }
    for (const [matter, right] of standing) await walk(matter, right, options);
  } finally {
    sides.ours.end();
    sides.theirs.end();
  }
}

function optionsOf(given: readonly string[]): AttackBench {
  const values = readFlags(ATTACK_FLAGS, given);
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
      requirePackages(environment, { python: "python3", module: "autoattack, foolbox, numba", packages: PACKAGES }),
  });
}

interface Matter {
  readonly checkpoint: string;
  readonly density: number;
  readonly data: string;
  readonly sides: { readonly ours: Child; readonly theirs: Child };
  readonly kept: KeptAnswers;
}

/** "clean", then the members of the standard ensemble, each side's on what its last one left. */
async function ensemble(matter: Matter, options: AttackBench): Promise<AttackRow[]> {
  const all = Array.from({ length: options.samples }, (_, index) => index);
  const clean = await both({ ...matter, attack: "clean", ours: all, theirs: all }, options);
  const rows = [clean];
  for (const attack of MEMBERS) {
    const { ours, theirs } = rows.at(-1) ?? clean;
    rows.push(await both({ ...matter, attack, ours: ours.standing, theirs: theirs.standing }, options));
  }
  return rows;
}

/** The Brendel & Bethge attack on those right samples that Foolbox's can begin with. */
async function walk(matter: Matter, right: readonly number[], options: AttackBench): Promise<void> {
  const { sides } = matter;
  const { standing } = await ask(sides.theirs, { ...matter, attack: "bb-starts", standing: right }, options);
  if (standing.length === 0) return print(`B&B at density ${matter.density}: noise is a start for no image`);
  const row = await both({ ...matter, attack: "bb", ours: standing, theirs: standing }, options);
  reportWalk(row, { ...options, ...matter, images: standing.length });
}

interface Turn extends Matter {
  readonly attack: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

async function both(turn: Turn, options: AttackBench): Promise<AttackRow> {
  const { attack, density, sides } = turn;
  print(`density ${density}: ${attack} on ${turn.ours.length} and ${turn.theirs.length} images`);
  const ours = await ask(sides.ours, { ...turn, standing: turn.ours }, options);
  return { attack, ours, theirs: await ask(sides.theirs, { ...turn, standing: turn.theirs }, options) };
}

type Question = Matter & { readonly attack: string; readonly standing: readonly number[] };

function ask(child: Child, { checkpoint, data, attack, standing, kept }: Question, options: AttackBench) {
  const { samples, threads, fraction } = options;
  return kept.once(child, { checkpoint, data, samples, attack, standing: [...standing], threads, fraction });
}
