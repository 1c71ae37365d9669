/** Images a second of one network at several densities, ours and PyTorch's in turns. */
import type { Child, Reply } from "./child.js";
import { measure } from "./child.js";
import { type Cell, cell, secondsOf, takeTurns } from "./rounds.js";
import type { Subject, Work } from "./subject.js";
import { ours, peak, torch } from "./tools.js";

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
  /** Where the peer's environment and the peak's program are, or are made. */
  readonly folder: string;
  readonly environment: string;
}

export interface SpeedRow {
  readonly subject: Subject;
  readonly work: Work;
  readonly all: Cell;
  /** Null where they are not measured. */
  readonly single: Cell | null;
  readonly avx2: Cell | null;
  /** Bytes of a process that does this work alone. */
  memory: number;
}

export interface PeerRow {
  readonly work: Work;
  readonly variant: string;
  readonly all: Cell;
  /** Null where it is not measured. */
  readonly single: Cell | null;
  memory: number;
}

export interface Speed {
  readonly rows: readonly SpeedRow[];
  readonly peers: readonly PeerRow[];
  /** GFLOP/s of the best instruction set, one thread and all. */
  readonly peak: { readonly single: number; readonly all: number };
}

export async function speedOf(options: SpeedOptions): Promise<Speed> {
  return new SpeedRun(options).run();
}

/** The peak is that of the widest registers that the machine has. */
const TARGETS = ["avx512", "avx2", "neon"];

class SpeedRun {
  readonly #options: SpeedOptions;
  readonly #peak: Child;
  readonly #ours = ours();
  readonly #avx2: Child | null;
  readonly #torch: Child | null;
  readonly #rows: SpeedRow[] = [];
  readonly #peers: PeerRow[] = [];
  readonly #found = { single: 0, all: 0 };

  constructor(options: SpeedOptions) {
    this.#options = options;
    this.#peak = peak(options.folder);
    this.#avx2 = process.arch === "x64" ? ours("avx2") : null;
    this.#torch = options.variants.length > 0 ? torch(options.environment) : null;
  }

  async run(): Promise<Speed> {
    const { works } = this.#options;
    const quick = works.filter((work) => work !== "at");
    if (quick.length > 0) await this.#measure(quick, this.#options.variants);
    if (works.includes("at")) await this.#measure(["at"], this.#fastestVariant());
    for (const child of [this.#ours, this.#avx2, this.#torch, this.#peak]) child?.end();
    await this.#measureMemory();
    return { rows: this.#rows, peers: this.#peers, peak: this.#found };
  }

  async #measure(works: readonly Work[], variants: readonly string[]): Promise<void> {
    const rows = works.flatMap((work) => this.#subjects(work).map((subject) => this.#row(subject, work)));
    const peers = works.flatMap((work) => this.#peersOf(work, variants));
    this.#rows.push(...rows);
    this.#peers.push(...peers);
    const mine = rows.flatMap(({ all, single, avx2 }) => [all, single, avx2]).filter((one) => one !== null);
    const cells = alternate(
      mine,
      peers.flatMap(({ all, single }) => (single === null ? [all] : [all, single])),
    );
    await takeTurns(cells, { ...this.#options, betweenRounds: () => this.#lookAtPeak() });
  }

  #subjects(work: Work): Subject[] {
    const { model, methodDensities, uniformDensities } = this.#options;
    const method = methodDensities.map((density) => ({ model, densities: "method" as const, density }));
    const uniform = uniformDensities.map((density) => ({ model, densities: "uniform" as const, density }));
    return work === "at" ? method : [...method, ...uniform];
  }

  #row(subject: Subject, work: Work): SpeedRow {
    const { batch, threads } = this.#options;
    const request = { subject, work, batch };
    const isStep = work === "step" && subject.densities === "method";
    return {
      ...{ subject, work, memory: Number.NaN },
      all: cell(this.#ours, { ...request, threads }),
      single: work !== "at" && threads > 1 ? cell(this.#ours, { ...request, threads: 1 }) : null,
      avx2: isStep && this.#avx2 !== null ? cell(this.#avx2, { ...request, threads }) : null,
    };
  }

  #peersOf(work: Work, variants: readonly string[]): PeerRow[] {
    const { model, batch, threads } = this.#options;
    const child = this.#torch;
    if (child === null) return [];
    return variants.map((variant) => {
      const request = { model, variant, work, batch, density: PEER_DENSITY };
      const hasSingle = work === "step" && threads > 1 && SINGLE_VARIANTS.includes(variant);
      return {
        ...{ work, variant, memory: Number.NaN },
        all: cell(child, { ...request, threads }),
        single: hasSingle ? cell(child, { ...request, threads: 1 }) : null,
      };
    });
  }

  /** A step of training takes the peer long, so it does it in the way that was the fastest for a step of the attack. */
  #fastestVariant(): readonly string[] {
    const steps = this.#peers.filter(({ work, variant }) => work === "step" && !variant.includes("bf16"));
    const [fastest] = steps.toSorted((a, b) => secondsOrLast(a.all) - secondsOrLast(b.all));
    return fastest === undefined ? this.#options.variants.slice(0, 1) : [fastest.variant];
  }

  async #lookAtPeak(): Promise<void> {
    const { threads } = this.#options;
    for (const target of TARGETS) {
      const all = Number(await this.#peak.ask(`${target} ${threads}`));
      if (all === 0) continue;
      this.#found.all = Math.max(this.#found.all, all);
      this.#found.single = Math.max(this.#found.single, Number(await this.#peak.ask(`${target} 1`)));
      return;
    }
  }

  async #measureMemory(): Promise<void> {
    for (const row of this.#rows) {
      if (row.subject.densities === "method") row.memory = await memoryOf(ours(), row.all.request);
    }
    const ways = this.#fastestVariant();
    for (const row of this.#peers) {
      if (ways.includes(row.variant)) row.memory = await memoryOf(torch(this.#options.environment), row.all.request);
    }
  }
}

/** Those that are measured on one thread too; a compiled network would have to be compiled again. */
const SINGLE_VARIANTS = ["eager", "channels-last"];

/** The peer's dense weights are masked to this density; its work does not depend on it. */
const PEER_DENSITY = 0.1;

/** Of a fresh process that does the work twice. */
async function memoryOf(child: Child, request: object): Promise<number> {
  const reply: Reply = await measure(child, { ...request, repeat: 2 });
  child.end();
  return "memory" in reply ? reply.memory : Number.NaN;
}

/** Where there is no sample: last. */
export function secondsOrLast(one: Cell): number {
  const seconds = secondsOf(one);
  return Number.isFinite(seconds) ? seconds : Number.POSITIVE_INFINITY;
}

function alternate(mine: readonly Cell[], theirs: readonly Cell[]): Cell[] {
  const every = Math.max(1, Math.ceil(mine.length / Math.max(1, theirs.length)));
  const mixed = mine.flatMap((one, i) => [
    one,
    ...((i + 1) % every === 0 ? theirs.slice(i / every, i / every + 1) : []),
  ]);
  return [...mixed, ...theirs.filter((one) => !mixed.includes(one))];
}
