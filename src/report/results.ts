/** Collects record streams into networks with one merged result per attack. */
import { isDeepStrictEqual } from "node:util";
import { InputError } from "../core/errors.js";
import type {
  AttackResult,
  CheckpointReference,
  Notice,
  Published,
  RunEnd,
  RunStart,
  StreamRecord,
  TrainEpoch,
} from "../records/events.js";
import { attackKey } from "./attack-key.js";
import { groupBy } from "./group-by.js";
import { type MergedResult, mergePieces, type Piece } from "./shards.js";

/** One attacked network: a column of the comparison. */
export interface AttackedNetwork {
  readonly checkpoint: CheckpointReference;
  /** Names of the files ("stdin" for the stream) that tell of it. */
  readonly files: ReadonlySet<string>;
  /** Runs that made or attacked it. */
  readonly runs: ReadonlySet<string>;
  /** How its checkpoint was chosen: "val-pgd". */
  readonly selection: string | null;
  /** The start of the run that made it. */
  readonly maker: RunStart | null;
  /** By `attackKey`, in the order in which they were attacked; of several attack seeds the lowest accuracy. */
  readonly results: ReadonlyMap<string, MergedResult>;
  /** Results that differ from one of those in the attack's seed alone. */
  readonly otherSeeds: ReadonlyMap<string, readonly MergedResult[]>;
  /** Why not everything that was begun is in the streams. */
  readonly unfinished: string | null;
}

export interface Collected {
  readonly networks: readonly AttackedNetwork[];
  /** A sentence for each run that is not finished and left no attacked network. */
  readonly unfinishedRuns: readonly string[];
  /** Training runs and their epochs, for curves. */
  readonly histories: readonly History[];
  readonly published: readonly Published[];
  /** What each run began with: engine, data, seed, config. */
  readonly starts: readonly RunStart[];
  readonly notices: readonly Notice[];
}

/** One training run, epoch by epoch; of several records of one epoch the last. */
export interface History {
  readonly run: string;
  readonly start: RunStart | null;
  readonly epochs: readonly TrainEpoch[];
}

interface Run {
  start: RunStart | null;
  command: string;
  shard: string | null;
  end: RunEnd | null;
  selection: string | null;
  readonly checkpoints: Set<string>;
  readonly epochs: Map<string, TrainEpoch>;
}

interface Attacked {
  readonly checkpoint: CheckpointReference;
  readonly files: Set<string>;
  readonly runs: Set<string>;
  readonly pieces: Map<string, Piece[]>;
}

/** Takes records in the order of their streams; `collected()` gives what they add up to. */
export class ResultCollector {
  readonly #runs = new Map<string, Run>();
  readonly #networks = new Map<string, Attacked>();
  readonly #published: Published[] = [];
  readonly #notices: Notice[] = [];

  /** `file` and `line`: where the record stands, for messages. */
  add(record: StreamRecord, file: string, line: number): void {
    if (record.type === "run.start") this.#start(record, `${file}:${line}`);
    else if (record.type === "run.end") this.#run(record.run).end = record;
    else if (record.type === "train.epoch") this.#epoch(record);
    else if (record.type === "published") this.#published.push(record);
    else if (record.type === "notice") this.#notices.push(record);
    else if (record.type === "checkpoint") this.#run(record.run).checkpoints.add(record.sha256);
    else if (record.type === "attack.result") this.#attacked(record, file, line);
  }

  /** InputError where shards overlap or leave a gap, or where two results of one attack contradict each other. */
  collected(): Collected {
    const networks = [...this.#networks.values()].map((network) => this.#finish(network));
    const told = new Set(networks.flatMap(({ runs }) => [...runs]));
    const unfinishedRuns = [...this.#runs].flatMap(([id, run]) => {
      const why = told.has(id) ? null : whyUnfinished(run);
      return why === null ? [] : [`${run.command} ${id} ${why}`];
    });
    const histories = [...this.#runs].flatMap(([run, { start, epochs }]) =>
      epochs.size === 0 ? [] : [{ run, start, epochs: [...epochs.values()] }],
    );
    const starts = [...this.#runs.values()].flatMap(({ start }) => start ?? []);
    return { networks, unfinishedRuns, histories, starts, published: this.#published, notices: this.#notices };
  }

  #start(start: RunStart, where: string): void {
    const run = this.#run(start.run);
    // A resumed run repeats its first record; the same id from another command is a broken stream.
    if (run.command !== "" && run.command !== start.command) {
      throw new InputError(
        `${where}: run ${start.run} was started by ${run.command} and by ${start.command}; run ids are unique`,
      );
    }
    run.start = start;
    run.command = start.command;
    run.shard = typeof start.config.shard === "string" ? start.config.shard : null;
    run.end = null;
  }

  #epoch(record: TrainEpoch): void {
    const run = this.#run(record.run);
    run.selection = record.selection.rule;
    run.epochs.set(`${record.phase} ${record.epoch}`, record);
  }

  #run(id: string): Run {
    const known = this.#runs.get(id);
    if (known !== undefined) return known;
    const nothing = { start: null, command: "", shard: null, end: null, selection: null };
    const run: Run = { ...nothing, checkpoints: new Set(), epochs: new Map() };
    this.#runs.set(id, run);
    return run;
  }

  #attacked(result: AttackResult, file: string, line: number): void {
    const { sha256 } = result.checkpoint;
    const empty = {
      checkpoint: result.checkpoint,
      files: new Set<string>(),
      runs: new Set<string>(),
      pieces: new Map(),
    };
    const network: Attacked = this.#networks.get(sha256) ?? empty;
    this.#networks.set(sha256, network);
    network.files.add(file);
    network.runs.add(result.run);
    const key = attackKey(result);
    const piece: Piece = { result, where: `${file}:${line}`, shard: this.#run(result.run).shard };
    const pieces = network.pieces.get(key);
    if (pieces === undefined) network.pieces.set(key, [piece]);
    else pieces.push(piece);
  }

  #finish(network: Attacked): AttackedNetwork {
    const { checkpoint, files, runs } = network;
    const maker = [...this.#runs].find(([, run]) => run.checkpoints.has(checkpoint.sha256));
    if (maker !== undefined) runs.add(maker[0]);
    const reasons = [...runs].flatMap((id) => {
      const run = this.#runs.get(id);
      const why = run === undefined ? null : whyUnfinished(run);
      return why === null ? [] : [`${run?.command} ${why}`];
    });
    const merged = new Map([...network.pieces].map(([key, pieces]) => [key, bySeed(pieces)]));
    const results = new Map([...merged].flatMap(([key, [lowest]]) => (lowest === undefined ? [] : [[key, lowest]])));
    const otherSeeds = new Map([...merged].map(([key, [, ...others]]) => [key, others]));
    const selection = maker?.[1].selection ?? null;
    return {
      checkpoint,
      files,
      runs,
      selection,
      maker: maker?.[1].start ?? null,
      results,
      otherSeeds,
      unfinished: reasons.length === 0 ? null : reasons.join(", "),
    };
  }
}

/** Only a run whose start was seen can be unfinished: a file of results alone tells nothing of runs. */
function whyUnfinished(run: Run): string | null {
  if (run.command === "" || run.end?.status === "done") return null;
  if (run.end === null) return "has no end";
  return run.end.status === "failed" ? `failed (${run.end.error ?? "no reason given"})` : "was interrupted";
}

/** The results of one attack on one network, a seed each, the lowest accuracy first; one where the seed made no difference. */
function bySeed(pieces: readonly Piece[]): readonly MergedResult[] {
  const ofSeed = groupBy(pieces, ({ result }) => result.seed);
  const merged = [...ofSeed.values()].map((group) => mergePieces(group));
  const sorted = merged.sort((a, b) => a.correct / a.samples - b.correct / b.samples);
  const [lowest] = sorted;
  return sorted.filter(
    (result) => result === lowest || lowest === undefined || !isDeepStrictEqual(result.outcomes, lowest.outcomes),
  );
}
