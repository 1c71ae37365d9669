/** The checkpoints that `attack-eval` works through: paths as given, and what comes by on stdin, which passes on to stdout. */
import { addAbortSignal } from "node:stream";
import { UsageError } from "../core/errors.js";
import { readRecords } from "../formats/ndjson.js";
import { type NetworkFile, readNetworkFile } from "../models/network-file.js";
import { type CheckpointReference, parseRecord } from "../records/events.js";
import { checkpointReference } from "./checkpoint-reference.js";
import type { CommandContext } from "./command.js";
import { OfferedCheckpoints, type Role } from "./offered-checkpoints.js";
import { Queue } from "./queue.js";

/** A checkpoint file: a path as given, or as a record of the stream tells of it. */
export type FileTarget =
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "recorded"; readonly path: string; readonly reference: CheckpointReference };

/** A checkpoint to attack, or a sentence why a run of the stream has none. */
export type Target = FileTarget | { readonly type: "none"; readonly code: string; readonly reason: string };

export interface StreamOptions {
  readonly role: Role;
  /** Whether lines of stdin go to stdout. */
  readonly passOn: boolean;
}

/**
 * In the order of `paths`, where "-" stands for stdin. Stdin is read from the beginning on, whatever is attacked meanwhile:
 * each line goes to stdout as it is (`passOn`). InputError for a line in the middle that is no record.
 */
export async function* attackTargets(
  paths: readonly string[],
  options: StreamOptions,
  context: CommandContext,
): AsyncGenerator<Target, void, void> {
  const streamed = paths.includes("-") ? readStream(options, context) : null;
  for (const path of paths) {
    if (path !== "-") yield { type: "file", path };
    else if (streamed !== null) yield* streamed;
  }
}

/** A network read from its file, and what records say of it. */
export interface OpenNetwork {
  readonly file: NetworkFile;
  readonly reference: CheckpointReference;
}

/** InputError where the file is damaged, or is not the one that its record tells of. */
export async function openNetwork(target: FileTarget): Promise<OpenNetwork> {
  const file = await readNetworkFile(target.path, target.type === "recorded" ? target.reference : undefined);
  return { file, reference: target.type === "recorded" ? target.reference : checkpointReference(target.path, file) };
}

function readStream(options: StreamOptions, context: CommandContext): Queue<Target> {
  const targets = new Queue<Target>();
  forward(targets, options, context).then(
    () => targets.end(),
    (error: unknown) => targets.end(context.ending.aborted ? null : error),
  );
  return targets;
}

async function forward(targets: Queue<Target>, options: StreamOptions, context: CommandContext): Promise<void> {
  const { stream } = context.stdin();
  const offered = new OfferedCheckpoints(options.role);
  addAbortSignal(context.ending, stream);
  const cut = (line: number) => context.note(`stdin:${line}: the last line was cut and is left out`);
  let isEmpty = true;
  for await (const { text, record, line } of readRecords(stream, "stdin", cut)) {
    isEmpty = false;
    const known = parseRecord(record, `stdin:${line}`);
    if (options.passOn) context.print(`${text}\n`);
    await context.drained();
    const offer = known === null ? null : offered.take(known);
    if (offer?.type === "none") targets.push(offer);
    else if (offer !== null) targets.push(recorded(offer.record));
  }
  if (isEmpty) {
    throw new UsageError("nothing to attack: standard input is empty; give checkpoint files, or pipe records in");
  }
  for (const offer of offered.cutOff()) if (offer.type === "none") targets.push(offer);
}

function recorded({
  type: _type,
  run: _run,
  time: _time,
  ...reference
}: { type: string; run: string; time: string } & CheckpointReference): Target {
  return { type: "recorded", path: reference.path, reference };
}
