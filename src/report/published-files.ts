/** Reads the published numbers that come with the package. */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readRecords } from "../formats/ndjson.js";
import { type Published, parseRecord } from "../records/events.js";

/** `configs/published/`, beside the built code and beside its sources. */
const FOLDER = fileURLToPath(new URL("../../../configs/published/", import.meta.url));

export async function readPublished(): Promise<readonly Published[]> {
  const published: Published[] = [];
  for (const file of (await readdir(FOLDER)).filter((name) => name.endsWith(".ndjson")).sort()) {
    for await (const { record, line } of readRecords(createReadStream(`${FOLDER}${file}`), file, () => {})) {
      const known = parseRecord(record, `${file}:${line}`);
      if (known?.type === "published") published.push(known);
    }
  }
  return published;
}
