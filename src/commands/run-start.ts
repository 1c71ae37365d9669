/** What a saved run was begun with: its first record. */
import { InputError } from "../core/errors.js";
import { readRecords } from "../formats/ndjson.js";
import { parseRecord, type RunStart } from "../records/events.js";

/** The first of the run's records. InputError, naming `file`, where that is no `run.start`. */
export async function readRunStart(records: AsyncIterable<Uint8Array>, file: string): Promise<RunStart> {
  for await (const { record } of readRecords(records, file, () => {})) {
    const known = parseRecord(record, `${file}:1`);
    if (known?.type === "run.start") return known;
    break;
  }
  throw new InputError(`${file}: does not begin with run.start, so nothing tells what the run was begun with`);
}
