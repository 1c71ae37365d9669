/** What was probably meant where a checkpoint's path leads to something else. */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../core/errors.js";

/** A folder's networks, the best first. */
const NETWORKS = ["best", "final", "prune", "pretrain"].map((name) => `${name}.safetensors`);

/** InputError for a run's folder, with the file to name instead, and for records. All else is left to the reader. */
export async function refuseOtherKinds(path: string): Promise<void> {
  const files: readonly string[] = await readdir(path).catch(() => []);
  const network = NETWORKS.find((file) => files.includes(file));
  if (network !== undefined)
    throw new InputError(`${path}: is the folder of a run; did you mean ${join(path, network)}?`);
  if (await beginsLikeRecords(path))
    throw new InputError(`${path}: holds records, no network; compare reads them, and - takes them from stdin`);
}

/** A header of safetensors begins with its length, whose high bytes are 0; no line of JSON has such. */
async function beginsLikeRecords(path: string): Promise<boolean> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return false;
  try {
    const start = Buffer.alloc(8);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    return bytesRead === start.length && start.toString("latin1", 0, 2) === '{"' && !start.includes(0);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
