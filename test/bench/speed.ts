/** Images a second of one network at several densities, ours and PyTorch's in turns, on one thread and on all. */
import { type Child, measure } from "./child.js";
import { COMPILING, expectedOfOurs, expectedOfPeer } from "./expected.js";
import type { Journal } from "./journal.js";
import { type Cell, cell, expectedSeconds, secondsOrLast, takeTurns } from "./rounds.js";
import type { Subject, Work } from "./subject.js";
import { ours, torch } from "./tools.js";

export interface SpeedOptions {
  readonly model: string;
  readonly methodDensities: readonly number[];
  readonly uniformDensities: readonly number[];
  readonly works: readonly Work[];
  readonly batch: number;
  /** The most threads; one thread is measured beside it. */
  readonly threads: number;
  readonly rounds: number;
  readonly secondsPerCell: number;
  /** Words for the peer's variants; none without a peer. */
  readonly variants: readonly string[];
  /** Where the peer's environment is, or is made. */
  readonly environment: string;
  readonly peak: PeakOfMachine;
  readonly journal: Journal;
}

/** GFLOP/s of the widest registers, the best seen so far. */
export interface PeakOfMachine {
  readonly single: number;
  readonly all: number;
  look(round: string): Promise<void>;
}

interface Measured {
  readonly work: Work;
  readonly all: Cell;
  /** On one thread; null where all threads are one. */
  readonly single: Cell | null;
  /** Bytes of a process that does this work alone; NaN where it is not measured. */
  memory: number;
}

export interface SpeedRow extends Measured {
  readonly subject: Subject;
  /** Null where it is not measured. */
  readonly avx2: Cell | null;
}

export interface PeerRow extends Measured {
  readonly variant: string;
}

export interface Speed {
  readonly options: SpeedOptions;
  readonly rows: readonly SpeedRow[];
  readonly peers: readonly PeerRow[];
}

const TRAINING: readonly Work[] = ["at", "prune", "finetune"];

/** Of one network: first what is quick, then whole steps of training. */
export class SpeedRun {
  readonly #options: SpeedOptions;
  readonly #ours = ours();
  readonly #avx2: Child | null = process.arch === "x64" ? ours("avx2") : null;
  /** By threads: a process of its own for each, so that what is compiled for one stays. */
  readonly #torch: ReadonlyMap<number, Child>;
  readonly #rows: SpeedRow[] = [];
  readonly #peers: PeerRow[] = [];

  constructor(options: SpeedOptions) {
    this.#options = options;
    const counts = options.variants.length > 0 ? [...new Set([1, options.threads])] : [];
    this.#torch = new Map(counts.map((threads) => [threads, torch(options.environment, threads)]));
  }

  /** What all of it is thought to take. */
  expectedSeconds(): number {
    const { works, variants } = this.#options;
    const quick = this.#cells(works.filter(isQuick), variants);
    const long = this.#cells(works.filter(isTraining), variants.slice(-2));
    const compiled = variants.filter((variant) => variant.includes("compiled")).length;
    const compiling = compiled * this.#torch.size * works.filter(isQuick).length * COMPILING;
    const memory = 10 + expectedSeconds(long.cells, { rounds: 1, secondsPerCell: 0 });
    return (
      expectedSeconds(quick.cells, this.#options) + expectedSeconds(long.cells, this.#options) + compiling + memory / 4
    );
  }

  async run(): Promise<Speed> {
    const { works, variants } = this.#options;
    await this.#measure(works.filter(isQuick), variants);
    await this.#measure(works.filter(isTraining), this.#fastestVariants());
    for (const child of [this.#ours, this.#avx2, ...this.#torch.values()]) child?.end();
    await this.#measureMemory();
    return { options: this.#options, rows: this.#rows, peers: this.#peers };
  }

  async #measure(works: readonly Work[], variants: readonly string[]): Promise<void> {
    if (works.length === 0) return;
    const { rows, peers, cells } = this.#cells(works, variants);
    this.#rows.push(...rows);
    this.#peers.push(...peers);
    const { model, peak } = this.#options;
    await takeTurns(cells, {
      ...this.#options,
      betweenRounds: (round) => peak.look(`${model} ${works.join()} ${round}`),
    });
  }

  #cells(works: readonly Work[], variants: readonly string[]) {
    const rows = works.flatMap((work) => this.#subjects(work).map((subject) => this.#row(subject, work)));
    // Fine-tuning is the same work for the peer as any training with a mask.
    const peers = works.filter((work) => work !== "finetune").flatMap((work) => this.#peersOf(work, variants));
    const mine = rows.flatMap(({ all, single, avx2 }) => [all, single, avx2]);
    const theirs = peers.flatMap(({ all, single }) => [all, single]);
    const isThere = (one: Cell | null) => one !== null;
    return { rows, peers, cells: alternate(mine.filter(isThere), theirs.filter(isThere)) };
  }

  #subjects(work: Work): Subject[] {
    const { model, methodDensities, uniformDensities } = this.#options;
    const uniformly = (density: number) => ({ model, densities: "uniform" as const, density });
    if (work === "prune" || work === "finetune") return model === "vgg16" ? [uniformly(HYDRA_DENSITY)] : [];
    const method = methodDensities.map((density) => ({ model, densities: "method" as const, density }));
    return work === "at" ? method : [...method, ...uniformDensities.map(uniformly)];
  }

  #row(subject: Subject, work: Work): SpeedRow {
    const { batch, threads, peak } = this.#options;
    const cellOf = (child: Child, count: number) => {
      const expected = expectedOfOurs({ subject, work, batch, peak: count === 1 ? peak.single : peak.all });
      return cell(child, { subject, work, batch, threads: count }, expected);
    };
    const isStep = work === "step" && subject.densities === "method";
    return {
      ...{ subject, work, memory: Number.NaN },
      all: cellOf(this.#ours, threads),
      single: threads > 1 ? cellOf(this.#ours, 1) : null,
      avx2: isStep && this.#avx2 !== null ? cellOf(this.#avx2, threads) : null,
    };
  }

  #peersOf(work: Work, variants: readonly string[]): PeerRow[] {
    const { model, threads } = this.#options;
    if (work === "prune" && model !== "vgg16") return [];
    const able = work === "prune" ? variants.filter(isF32) : variants;
    return able.flatMap((variant) => {
      const all = this.#peerCell(work, variant, threads);
      const single = threads > 1 ? this.#peerCell(work, variant, 1) : null;
      return all === null ? [] : [{ work, variant, memory: Number.NaN, all, single }];
    });
  }

  #peerCell(work: Work, variant: string, threads: number): Cell | null {
    const { model, batch, peak } = this.#options;
    const child = this.#torch.get(threads);
    if (child === undefined) return null;
    const subject: Subject = { model, densities: "method", density: 1 };
    const expected = expectedOfPeer({ subject, work, batch, peak: threads === 1 ? peak.single : peak.all });
    return cell(child, { model, variant, work, batch, density: PEER_DENSITY, threads }, expected);
  }

  /** A step of training takes the peer long, so it does it in the ways that were the fastest for a step of the attack. */
  #fastestVariants(): readonly string[] {
    const fastest = (isKind: (variant: string) => boolean) => {
      const steps = this.#peers.filter(({ work, variant }) => work === "step" && isKind(variant));
      const [first] = steps.toSorted((a, b) => secondsOrLast(a.all) - secondsOrLast(b.all));
      return first?.variant ?? this.#options.variants.find(isKind);
    };
    return [fastest(isF32), fastest(isBf16)].filter((variant) => variant !== undefined);
  }

  async #measureMemory(): Promise<void> {
    const { environment, threads, journal } = this.#options;
    const fresh = async (child: Child, { request }: Cell) => {
      const key = `${child.name} alone ${JSON.stringify(request)}`;
      const reply = await journal.once(key, () => measure(child, { ...request, repeat: 1 }));
      child.end();
      return "error" in reply ? Number.NaN : (reply.memory ?? Number.NaN);
    };
    for (const row of this.#rows) if (row.subject.densities === "method") row.memory = await fresh(ours(), row.all);
    const [fastest] = this.#fastestVariants();
    for (const row of this.#peers) {
      if (row.variant === fastest) row.memory = await fresh(torch(environment, threads), row.all);
    }
  }
}

/** What of the weights HYDRA's stages keep. */
const HYDRA_DENSITY = 0.1;

/** The peer's dense weights are masked to this density; its work does not depend on it. */
const PEER_DENSITY = 0.1;

function isTraining(work: Work): boolean {
  return TRAINING.includes(work);
}

function isQuick(work: Work): boolean {
  return !isTraining(work);
}

export function isBf16(variant: string): boolean {
  return variant.includes("bf16");
}

function isF32(variant: string): boolean {
  return !isBf16(variant);
}

/** Theirs spread among ours. */
function alternate(mine: readonly Cell[], theirs: readonly Cell[]): Cell[] {
  const every = Math.max(1, Math.ceil(mine.length / Math.max(1, theirs.length)));
  const mixed = mine.flatMap((one, i) => [
    one,
    ...((i + 1) % every === 0 ? theirs.slice(i / every, i / every + 1) : []),
  ]);
  return [...mixed, ...theirs.filter((one) => !mixed.includes(one))];
}
