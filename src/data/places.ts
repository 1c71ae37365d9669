/** Where data sets are looked for, and what is said when one is nowhere. */
import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";

/** Nothing of a data set is where it was looked for; what is there but wrong is another InputError. */
export class MissingData extends InputError {}

/** A data set's own way of lying on a disk. */
export interface Published {
  /** As `--data` names it. */
  readonly name: string;
  /** Files of the wanted split. */
  readonly files: readonly string[];
  /** Folders that may hold them, below a place; the place itself counts besides. */
  readonly folders: readonly string[];
  /** An archive that may lie in a place instead (or be the place), if there is one. */
  readonly archive: string | null;
  /** What to fetch, in words. */
  readonly source: string;
}

/** Where the files are: in a folder, or inside an archive. */
export type Found = { readonly type: "folder" | "archive"; readonly path: string };

/** As `findAny`, of a data set that is published in one form. */
export function find(published: Published, directory: string | null): Promise<Found> {
  return findAny([published], directory);
}

/**
 * `directory` alone if given; else $SPARSE_ROBUST_DATA, then the user's cache; in each the forms in their order. A folder counts
 * when it has one of the files. Throws MissingData that says what to fetch and lists every path looked at.
 */
export async function findAny<Form extends Published>(
  forms: readonly Form[],
  directory: string | null,
): Promise<Found & { readonly form: Form }> {
  const candidates = places(directory).flatMap((place) => forms.flatMap((form) => candidatesIn(place, form)));
  for (const candidate of candidates) {
    if (await holds(candidate, candidate.form.files)) return candidate;
  }
  throw new MissingData(whatIsMissing(forms, directory, new Set(candidates.map(({ path }) => path))));
}

/** What fetches it comes first; then where it would have been found, and how to have it by hand. */
function whatIsMissing(forms: readonly Published[], directory: string | null, paths: ReadonlySet<string>): string {
  const name = forms[0]?.name;
  const into = directory === null || ARCHIVE.test(directory) ? "" : ` ${directory}`;
  const files = forms.map(({ files: [first, ...more] }) => (more.length === 0 ? first : `${first} …`)).join(" or ");
  return (
    `no files of the data set ${name}; scripts/fetch-data.sh ${name}${into} fetches them. Looked for ${files} in ` +
    `${[...paths].join(", ")}. By hand: fetch ${forms.map(({ source }) => source).join(", or ")}, and name its folder ` +
    "with --data-dir or $SPARSE_ROBUST_DATA"
  );
}

function places(directory: string | null): readonly string[] {
  if (directory !== null) return [directory];
  const named = process.env.SPARSE_ROBUST_DATA;
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return [...(named ? [named] : []), join(cache, "sparse-robust")];
}

function candidatesIn<Form extends Published>(place: string, form: Form): (Found & { readonly form: Form })[] {
  const { folders, archive } = form;
  const within = [place, ...folders.map((name) => join(place, name))];
  const found = within.map((path) => ({ type: "folder", path, form }) as const);
  if (archive === null) return found;
  if (ARCHIVE.test(place)) return [{ type: "archive", path: place, form }];
  return [...found, { type: "archive", path: join(place, archive), form }];
}

const ARCHIVE = /\.(tar\.gz|tgz|tar)$/;

/** A folder or archive that may not be read is an error, not an absent one. */
async function holds({ type, path }: Found, files: readonly string[]): Promise<boolean> {
  try {
    if (type === "archive") return (await stat(path)).isFile();
    const names = await readdir(path);
    return files.some((file) => names.includes(file));
  } catch (error) {
    if (isAbsence(error)) return false;
    throw fileError(error, "read", path);
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
