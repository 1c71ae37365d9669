/** Reads the values of options as written, in flags or YAML; each error says what would be right. */
import { meant } from "../core/nearest.js";
import { parseCount, parseNumber } from "../core/units.js";

export interface Limits {
  readonly above?: number;
  readonly atLeast?: number;
  readonly below?: number;
  readonly atMost?: number;
  /** On the range [0, 1] of pixels, where a whole number was probably meant in 255ths. */
  readonly ofPixels?: boolean;
  /** A share, by the flags that a number of percent may have been meant for. */
  readonly sharesOf?: readonly string[];
}

/** A number that keeps its spelling, for records that show "8/255". */
export interface Spelled {
  readonly value: number;
  readonly text: string;
}

export function readText(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value !== "string" || value === "") throw new Error(`${show(value)} is no text`);
  return value;
}

export function readNumber(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : parseNumber(readText(value));
}

export function readCount(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) ? value : parseCount(readText(value));
}

export function readList(value: unknown): readonly unknown[] {
  const entries = Array.isArray(value)
    ? value
    : readText(value)
        .split(",")
        .map((entry) => entry.trim());
  if (entries.length === 0 || entries.includes("")) throw new Error(`${show(value)} has an empty entry`);
  return entries;
}

/** What stands under one name of a mapping. */
export type Constants = Readonly<Record<string, unknown>>;

/** Names to their constants, none where a name has null; null for what is no such mapping. */
export function readMapping(value: unknown): ReadonlyMap<string, Constants> | null {
  if (!isMapping(value)) return null;
  const entries = Object.entries(value).map(([name, constants]) => [name, constants ?? {}] as const);
  const sound = entries.flatMap(([name, constants]) => (isMapping(constants) ? [[name, constants] as const] : []));
  return sound.length === entries.length ? new Map(sound) : null;
}

function isMapping(value: unknown): value is Constants {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function spelled(value: unknown, limits: Limits): Spelled {
  return { value: within(readNumber(value), limits), text: String(value) };
}

export function readChoice<Choice extends string>(
  value: string,
  choices: readonly Choice[],
  later: readonly string[],
): Choice {
  const found = choices.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  const list = choices.join(", ");
  if (later.includes(value)) throw new Error(`${value} is not in this version yet; there is ${list}`);
  const near = meant(value, choices);
  throw new Error(
    `${show(value)} is not one of ${list}${near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`}`,
  );
}

export function within(value: number, limits: Limits): number {
  const { above, atLeast, below, atMost } = limits;
  const tooLow = (above !== undefined && value <= above) || (atLeast !== undefined && value < atLeast);
  const tooHigh = (below !== undefined && value >= below) || (atMost !== undefined && value > atMost);
  if (tooLow || tooHigh)
    throw new Error(`${value} is out of range; give a number ${inWords(limits)}${hint(value, limits)}`);
  return value;
}

function inWords({ above, atLeast, below, atMost }: Limits): string {
  const parts = [
    above === undefined ? "" : `above ${above}`,
    atLeast === undefined ? "" : `of at least ${atLeast}`,
    below === undefined ? "" : `below ${below}`,
    atMost === undefined ? "" : `at most ${atMost}`,
  ];
  return parts.filter((part) => part !== "").join(" and ");
}

function hint(value: number, { ofPixels, sharesOf }: Limits): string {
  if (ofPixels && Number.isInteger(value) && value > 1 && value <= 255) return `; did you mean ${value}/255?`;
  if (sharesOf === undefined || value < 2 || value >= 100) return "";
  return `; did you mean ${sharesOf.map((flag) => `--${flag} ${Number((value / 100).toPrecision(12))}`).join(" or ")}?`;
}

export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
