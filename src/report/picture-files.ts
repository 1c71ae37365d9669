/** The adversarial pictures that results name, read into a page. */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Comparison } from "./comparison.js";
import { attackTitle } from "./labels.js";
import type { Picture } from "./page.js";

const TYPES: ReadonlyMap<string, string> = new Map([
  [".png", "image/png"],
  [".jpg", "image/jpeg"],
  [".svg", "image/svg+xml"],
]);

export interface FoundPictures {
  readonly pictures: readonly Picture[];
  /** A sentence for each file that could not be shown. */
  readonly missing: readonly string[];
}

/** Each file once, relative to the working directory as records name it. */
export async function findPictures({ columns }: Comparison): Promise<FoundPictures> {
  const named = new Map<string, string>();
  for (const { label, networks } of columns) {
    for (const result of networks.flatMap(({ results }) => [...results.values()])) {
      for (const path of result.pictures) {
        const caption = named.get(path);
        named.set(
          path,
          caption === undefined ? `${label}, ${attackTitle(result)}` : `${caption}; ${attackTitle(result)}`,
        );
      }
    }
  }
  const pictures: Picture[] = [];
  const missing: string[] = [];
  for (const [path, caption] of named) {
    const type = TYPES.get(extname(path).toLowerCase());
    const bytes = type === undefined ? null : await readFile(path).catch(() => null);
    if (bytes === null) missing.push(`The pictures of ${caption} (${path}) could not be read and are left out.`);
    else pictures.push({ caption, source: `data:${type};base64,${bytes.toString("base64")}` });
  }
  return { pictures, missing };
}
