/** The network that prune-hydra starts from: a file, or what the record stream on stdin ends with. */
import { addAbortSignal } from "node:stream";
import { InputError } from "../core/errors.js";
import { readRecords } from "../formats/ndjson.js";
import { type NetworkFile, readNetworkFile } from "../models/network-file.js";
import { type CheckpointRecord, parseRecord, type StreamRecord } from "../records/events.js";
import type { CommandContext } from "./command.js";

export interface PruningSource extends NetworkFile {
  readonly path: string;
}

/**
 * The checkpoint at `path`; `-` forwards the records on stdin byte for byte and takes the last run's `final`, else its latest
 * `stage`; null where there is none to start from. InputError where there is no such checkpoint or it is damaged; an
 * AbortError when `ending` is aborted meanwhile.
 */
export async function pruningSource(path: string | null, context: SourceContext): Promise<PruningSource | null> {
  if (path === null) return null;
  if (path !== "-") return { path, ...(await readNetworkFile(path)) };
  const record = await lastCheckpoint(context);
  return { path: record.path, ...(await readNetworkFile(record.path, record)) };
}

type SourceContext = Pick<CommandContext, "stdin" | "print" | "drained" | "note" | "ending">;

async function lastCheckpoint({ stdin, print, drained, note, ending }: SourceContext): Promise<CheckpointRecord> {
  const input = stdin();
  if (input.isTerminal)
    throw new InputError(
      "- stands for records on stdin, which is a terminal; pipe sparse-train or prune-hydra into it",
    );
  const found: LastRun = { run: null, final: null, stage: null };
  // A signal ends the wait for whoever writes there.
  addAbortSignal(ending, input.stream);
  const onCut = (line: number) => note(`stdin:${line}: the last line was cut off and is dropped`);
  for await (const { text, record, line } of readRecords(input.stream, "stdin", onCut)) {
    const known = parseRecord(record, `stdin:${line}`);
    print(`${text}\n`);
    await drained();
    if (known !== null) take(found, known);
  }
  const chosen = found.final ?? found.stage;
  if (chosen !== null) return chosen;
  const reason = found.run === null ? "no run" : `run ${found.run}, which has no checkpoint of role final or stage`;
  throw new InputError(`the records on stdin end with ${reason}; there is no network to prune`);
}

interface LastRun {
  run: string | null;
  final: CheckpointRecord | null;
  stage: CheckpointRecord | null;
}

/** A run that starts puts those before it out of the question. */
function take(found: LastRun, record: StreamRecord): void {
  if (record.type === "run.start") Object.assign(found, { run: record.run, final: null, stage: null });
  if (record.type !== "checkpoint" || record.run !== found.run) return;
  if (record.role === "final") found.final = record;
  if (record.role === "stage") found.stage = record;
}
