/** What the program is held to, and whether a run reached it. */
import { head, print, record, rounded, row } from "./output.js";

export interface Verdict {
  readonly what: string;
  /** "at least": reached from `must` on; "at most": up to it. */
  readonly sense: "at least" | "at most";
  readonly must: number;
  readonly goal?: number;
  readonly found: number;
  readonly unit: "times" | "share" | "ms" | "MiB";
  /** Beside it, in the record. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The table, a record for each line. What was not measured is left out. */
export function reportVerdicts(verdicts: readonly Verdict[]): void {
  const measured = verdicts.filter(({ found }) => Number.isFinite(found));
  if (measured.length === 0) return;
  print("\n## What is held to\n");
  head(["what", "must", "goal", "found", ""]);
  for (const verdict of measured) {
    const { what, sense, must, goal, found, unit } = verdict;
    const isReached = sense === "at least" ? found >= must : found <= must;
    const sign = sense === "at least" ? "≥" : "≤";
    const goalText = goal === undefined ? "" : text(goal, unit);
    row([what, `${sign} ${text(must, unit)}`, goalText, text(found, unit), isReached ? "reached" : "**missed**"]);
    record("verdict", { value: found, unit, config: { what, sense, must, goal, isReached, ...verdict.config } });
  }
}

function text(value: number, unit: Verdict["unit"]): string {
  if (unit === "share") return `${rounded(100 * value, 1)}%`;
  return unit === "times" ? rounded(value, 2) : `${rounded(value, 0)} ${unit}`;
}
