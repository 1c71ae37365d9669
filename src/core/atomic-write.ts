/** Files that are there whole or not at all, whatever happens while they are written. */
import { open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError } from "./file-errors.js";

let written = 0;

/**
 * Replaces `path` in one step: written beside, synced, renamed, and the folder synced, so that a crash leaves the old file or
 * the new one. InputError for a path that cannot be written, ResourceError for a full disk; neither leaves anything behind.
 */
export async function writeAtomically(path: string, data: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}-${written++}.partial`);
  try {
    await writeSynced(beside, data);
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw fileError(error, "write", path);
  }
}

async function writeSynced(path: string, data: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, "wx");
  try {
    await writeFile(file, data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The new name is on the disk only when its folder is. Systems whose folders cannot be opened or synced do without. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => null);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
