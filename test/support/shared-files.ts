/** Files that lie beside a checkout, in `../shared`: reference networks and real images. Tests that need them skip without. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Path of the compiled tests' repository root. */
export const repositoryRoot = fileURLToPath(new URL("../../../", import.meta.url));

/** The path of a file or folder in `../shared`, and why a test must be skipped (false where it is there). */
export function sharedFile(name: string): { readonly path: string; readonly skip: string | false } {
  const path = fileURLToPath(new URL(`../shared/${name}`, `file://${repositoryRoot}`));
  return { path, skip: existsSync(path) ? false : `../shared/${name} is not beside this checkout` };
}
