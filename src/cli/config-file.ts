/** A YAML config file as entries with their lines; `extends` names a file that it builds on, relative to itself. */
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { isMap, isScalar, LineCounter, parseDocument, stringify } from "yaml";
import type { Config } from "../commands/command.js";
import { InputError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";

/** One value as written and where it stands: `recipe.yaml:3` or `--set steps`. */
export interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly where: string;
  /** What lies above or below as a whole: one file, all of `--set`, all flags. */
  readonly layer: string;
}

/** Entries in the order in which they count: those of the file that is extended come first. */
export async function readConfigFile(path: string, from: readonly string[] = []): Promise<readonly Entry[]> {
  const absolute = resolve(path);
  if (from.includes(absolute))
    throw new InputError(`${shown(path)}: extends itself through ${from.map(shown).join(", ")}`);
  const entries = topLevel(path, await textOf(path));
  const base = entries.find((entry) => entry.key === "extends");
  const own = entries.filter((entry) => entry.key !== "extends");
  if (base === undefined) return own;
  if (typeof base.value !== "string") throw new InputError(`${base.where}: extends is not the path of one file`);
  return [...(await readConfigFile(resolve(dirname(absolute), base.value), [...from, absolute])), ...own];
}

/** A config as YAML that `--config` reads. */
export function configText(config: Config): string {
  return stringify(config);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw fileError(error, "read", shown(path));
  }
}

function topLevel(path: string, text: string): readonly Entry[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const place = (offset: number | undefined) => `${shown(path)}:${lineCounter.linePos(offset ?? 0).line}`;
  const [flaw] = document.errors;
  if (flaw !== undefined) throw new InputError(`${place(flaw.pos[0])}: not valid YAML: ${flaw.message}`);
  if (document.contents === null) return [];
  if (!isMap(document.contents)) throw new InputError(`${place(0)}: a config is a list of "key: value" lines`);
  return document.contents.items.map(({ key, value }) => {
    const node = isScalar(key) ? key : null;
    const where = place(node?.range?.[0]);
    return { key: String(node?.value ?? key), value: plain(value, document, where), where, layer: path };
  });
}

/** An alias without its anchor, or one that unfolds without measure, is found only here. */
function plain(value: unknown, document: unknown, where: string): unknown {
  try {
    return (isNode(value) ? value.toJS(document) : value) ?? null;
  } catch (error) {
    throw new InputError(`${where}: not valid YAML: ${error instanceof Error ? error.message : error}`);
  }
}

function isNode(value: unknown): value is { toJS(document: unknown): unknown } {
  return typeof value === "object" && value !== null && "toJS" in value;
}

function shown(path: string): string {
  const here = relative(process.cwd(), resolve(path));
  return here.startsWith("..") || here === "" ? path : here;
}
