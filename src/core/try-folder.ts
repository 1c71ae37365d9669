/** Whether files could be written into a folder that may be yet to be made: it is tried, and nothing of it stays. */
import { mkdtemp, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "./make-folder.js";

/** Throws the system's error where they could not. Asking for rights alone would say yes to root, and of /proc. */
export async function tryFolder(path: string): Promise<void> {
  const missing = await missingFolders(path);
  try {
    await makeFolder(path);
    await rmdir(await mkdtemp(join(path, ".tried-")));
  } finally {
    // One that another program has filled meanwhile stays.
    for (const folder of missing) await rmdir(folder).catch(() => undefined);
  }
}

/** The innermost first. */
async function missingFolders(path: string): Promise<readonly string[]> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? [] : [path, ...(await missingFolders(dirname(path)))];
}
