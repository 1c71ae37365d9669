/** The version of this package. */
import { readFile } from "node:fs/promises";

/** From dist/src/core, where this file is built. */
const MANIFEST = new URL("../../../package.json", import.meta.url);

export async function packageVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(MANIFEST, "utf8"));
  const isNamed = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isNamed ? String(manifest.version) : "unknown";
}
