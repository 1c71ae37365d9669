/** Several seeds of one experiment: mean and standard deviation, and the paired difference to another's seeds. */
import { studentQuantile, studentTwoSided } from "./student.js";
import type { Interval } from "./wilson.js";

export interface Spread {
  readonly mean: number;
  /** Of the sample (n − 1). */
  readonly deviation: number;
  readonly count: number;
}

/** RangeError below two values: one seed has no spread. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length < 2) throw new RangeError(`${values.length} values have no spread; give 2 or more`);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)), count: values.length };
}

export interface PairedSpread extends Spread {
  /** 95 %, by Student's t. */
  readonly interval: Interval;
  /** Paired t test, two-sided; 1 where all differences are 0. */
  readonly p: number;
}

/** Of differences seed by seed. */
export function pairedSpread(differences: readonly number[]): PairedSpread {
  const spread = spreadOf(differences);
  const { mean, deviation, count } = spread;
  const error = deviation / Math.sqrt(count);
  const half = error * studentQuantile(0.05, count - 1);
  const same = mean === 0 ? 1 : 0;
  const p = error === 0 ? same : studentTwoSided(mean / error, count - 1);
  return { ...spread, interval: { low: mean - half, high: mean + half }, p };
}
