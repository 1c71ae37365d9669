/** Collects record streams into networks with one merged result per attack. */
import { InputError } from "../core/errors.js";
import type { AttackResult, CheckpointReference, RunEnd, StreamRecord } from "../records/events.js";
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
  /** By `attackKey`, in the order in which they were attacked. */
  readonly results: ReadonlyMap<string, MergedResult>;
  /** Why not everything that was begun is in the streams. */
  readonly unfinished: string | null;
}

export interface Collected {
  readonly networks: readonly AttackedNetwork[];
  /** A sentence for each run that is not finished and left no attacked network. */
  readonly unfinishedRuns: readonly string[];
}

/** What makes two results stand in one row. */
export function attackKey(result: Pick<AttackResult, "attack" | "norm" | "epsilon">): string {
  return JSON.stringify([result.attack.name, result.norm, result.epsilon]);
}

interface Run {
  readonly command: string;
  readonly shard: string | null;
  end: RunEnd | null;
  selection: string | null;
  readonly checkpoints: Set<string>;
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

  /** `file` and `line`: where the record stands, for messages. */
  add(record: StreamRecord, file: string, line: number): void {
    if (record.type === "run.start") this.#start(record.run, record.command, record.config, `${file}:${line}`);
    else if (record.type === "run.end") this.#run(record.run).end = record;
    else if (record.type === "train.epoch") this.#run(record.run).selection = record.selection.rule;
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
    return { networks, unfinishedRuns };
  }

  #start(id: string, command: string, config: Readonly<Record<string, unknown>>, where: string): void {
    const shard = typeof config.shard === "string" ? config.shard : null;
    const known = this.#runs.get(id);
    // A resumed run repeats its first record; the same id from another command is a broken stream.
    if (known !== undefined && known.command !== command && known.command !== "") {
      throw new InputError(`${where}: run ${id} was started by ${known.command} and by ${command}; run ids are unique`);
    }
    this.#runs.set(id, { command, shard, end: null, selection: null, checkpoints: known?.checkpoints ?? new Set() });
  }

  #run(id: string): Run {
    const known = this.#runs.get(id);
    if (known !== undefined) return known;
    const run: Run = { command: "", shard: null, end: null, selection: null, checkpoints: new Set() };
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
    network.pieces.set(key, [...(network.pieces.get(key) ?? []), piece]);
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
    const results = new Map([...network.pieces].map(([key, pieces]) => [key, mergePieces(pieces)]));
    const selection = maker?.[1].selection ?? null;
    return {
      checkpoint,
      files,
      runs,
      selection,
      results,
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
