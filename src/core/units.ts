/** Numbers as people write them on a command line: 8/255, 50k, 5m. */
import { UsageError } from "./errors.js";

const DECIMAL = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const FRACTION = new RegExp(`^(${DECIMAL})(?:/(${DECIMAL}))?$`);
const PERCENTAGE = new RegExp(`^(${DECIMAL})\\s*%$`);
const COUNT = /^(\d+(?:\.\d+)?)([kKmM]?)$/;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|min|h|d)?$/;

const MULTIPLES: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6 };
const SECONDS: Readonly<Record<string, number>> = { ms: 1e-3, s: 1, m: 60, min: 60, h: 3600, d: 86400 };

/** `0.031`, `1e-3` or a quotient, `8/255`. UsageError for anything else, and where it is not finite. */
export function parseNumber(text: string): number {
  const [, numerator, denominator = "1"] = FRACTION.exec(text.trim()) ?? [];
  const value = Number(numerator) / Number(denominator);
  if (Number.isFinite(value)) return value;
  const [, percent] = PERCENTAGE.exec(text.trim()) ?? [];
  const hint = percent === undefined ? "a decimal (0.03) or a quotient (8/255)" : `${percent}/100`;
  throw new UsageError(`"${text}" is not a number; write ${hint}`);
}

/** A whole number of things: `500`, `50k` (thousands), `1.5M` (millions). UsageError for anything else. */
export function parseCount(text: string): number {
  const [, number, unit = ""] = COUNT.exec(text.trim()) ?? [];
  const multiple = MULTIPLES[unit.toLowerCase()] ?? 1;
  // 1.1k is 1100 although 1.1 * 1000 is not: rounded where it is within the error of one product.
  const value = Math.round(Number(number) * multiple);
  if (Number.isSafeInteger(value) && Math.abs(value - Number(number) * multiple) <= 1e-9 * value) return value;
  throw new UsageError(`"${text}" is not a count; write a whole number (500), or thousands (50k) or millions (1M)`);
}

/** Seconds of `90s`, `5m`, `1.5h`, `250ms`, `2d`; a number alone is seconds. UsageError for anything else. */
export function parseDuration(text: string): number {
  const [, number, unit = "s"] = DURATION.exec(text.trim()) ?? [];
  const value = Number(number) * (SECONDS[unit] ?? 1);
  if (Number.isFinite(value)) return value;
  throw new UsageError(`"${text}" is not a duration; write seconds (90s), minutes (5m) or hours (2h)`);
}
