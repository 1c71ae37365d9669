/** Which checkpoints a record stream offers for attack: one for each run, once its `run.end` has passed. */
import type { CheckpointRecord, StreamRecord } from "../records/events.js";

export type Role = "best" | "final";

/** What a run leaves: a checkpoint to attack, or a sentence why there is none. */
export type Offer =
  | { readonly type: "checkpoint"; readonly record: CheckpointRecord }
  | { readonly type: "none"; readonly code: string; readonly reason: string };

export class OfferedCheckpoints {
  readonly #role: Role;
  /** Checkpoints by role, the latest of each, of the runs that have not ended. */
  readonly #open = new Map<string, Map<string, CheckpointRecord>>();

  constructor(role: Role) {
    this.#role = role;
  }

  /** What the record brings: an offer when it ends a run that made checkpoints, else null. */
  take(record: StreamRecord): Offer | null {
    const { run } = record;
    const known = this.#open.get(run);
    if (record.type === "run.start") this.#open.set(run, known ?? new Map());
    else if (record.type === "checkpoint") this.#open.set(run, new Map([...(known ?? []), [record.role, record]]));
    if (record.type !== "run.end") return null;
    this.#open.delete(run);
    if (record.status !== "done")
      return skipped(`run-${record.status}`, `run ${run} is ${record.status}; its checkpoints are not attacked`);
    return known === undefined || known.size === 0 ? null : this.#choose(run, known);
  }

  /** An offer that says so, for each run that the stream left without its end. */
  cutOff(): readonly Offer[] {
    return [...this.#open.keys()].map((run) =>
      skipped("run-unfinished", `run ${run} has no run.end; its checkpoints are not attacked`),
    );
  }

  #choose(run: string, checkpoints: ReadonlyMap<string, CheckpointRecord>): Offer {
    const record = checkpoints.get(this.#role) ?? checkpoints.get("final");
    if (record !== undefined) return { type: "checkpoint", record };
    return skipped(
      "no-checkpoint",
      `run ${run} has no checkpoint of role ${this.#role}, only ${[...checkpoints.keys()].join(", ")}`,
    );
  }
}

function skipped(code: string, reason: string): Offer {
  return { type: "none", code, reason };
}
