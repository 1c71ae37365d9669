/** `--fail-if`: whether a condition holds for any network but the baseline, and the numbers that made it so. */
import { InputError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import type { Cell, Column, Comparison, Row } from "./comparison.js";
import { facts } from "./facts.js";
import { metricRows } from "./gate-metrics.js";
import {
  type Condition,
  type Metric,
  type Operator,
  type Quantity,
  type Statistic,
  syntaxError,
} from "./gate-syntax.js";

export interface NetworkVerdict {
  readonly network: string;
  readonly holds: boolean;
  /** Each comparison with its numbers: `pgd50 46.00% < baseline.pgd50 46.50% - 0.50%: true`. */
  readonly details: readonly string[];
}

export interface Verdict {
  readonly expression: string;
  /** Whether it holds for any network. */
  readonly failed: boolean;
  readonly networks: readonly NetworkVerdict[];
}

/**
 * UsageError where the expression asks for what no table of these options has (a baseline without `--baseline`, an unknown
 * metric); InputError where a network lacks a number or is not finished: no verdict is better than one by chance.
 */
export function judge(expression: string, condition: Condition, comparison: Comparison): Verdict {
  const judged = comparison.columns.filter((column) => column.published === null && !isBaseline(column, comparison));
  const networks = judged.map((column): NetworkVerdict => {
    requireFinished(column);
    const details: string[] = [];
    const place = { expression, comparison, column, details };
    return { network: column.label, holds: evaluate(condition, place), details };
  });
  if (networks.length === 0) throw new InputError("--fail-if: there is no network but the baseline to judge");
  return { expression, failed: networks.some(({ holds }) => holds), networks };
}

interface Place {
  readonly expression: string;
  readonly comparison: Comparison;
  readonly column: Column;
  readonly details: string[];
}

function isBaseline(column: Column, { columns }: Comparison): boolean {
  return columns.some(({ baseline }) => baseline === column);
}

function requireFinished({ label, networks, baseline }: Column): void {
  const isUnfinished = [...networks, ...(baseline?.networks ?? [])].find(({ unfinished }) => unfinished !== null);
  if (isUnfinished === undefined) return;
  throw new InputError(
    `--fail-if: ${label} cannot be judged: ${isUnfinished.checkpoint.path} is not finished (${isUnfinished.unfinished})`,
  );
}

/** Both sides of "and" and "or" are evaluated, so that a missing number never hides. */
function evaluate(condition: Condition, place: Place): boolean {
  if (condition.type === "not") return !evaluate(condition.of, place);
  if (condition.type === "comparison") return compare(condition, place);
  const [left, right] = [evaluate(condition.left, place), evaluate(condition.right, place)];
  return condition.type === "or" ? left || right : left && right;
}

function compare(condition: Extract<Condition, { type: "comparison" }>, place: Place): boolean {
  const { operator, left, right } = condition;
  const [a, b] = [quantityValue(left, place), quantityValue(right, place)];
  requireSpelledShares([left, right], [a, b], place);
  const holds = holdsFor[operator](a.value - b.value);
  place.details.push(`${a.text} ${operator} ${b.text}: ${holds}`);
  return holds;
}

/** Two equal decimals may differ by rounding after a sum: 0.46 and 0.465 - 0.005. */
const EQUAL = 1e-12;

const holdsFor: Readonly<Record<Operator, (difference: number) => boolean>> = {
  "<": (difference) => difference < -EQUAL,
  "<=": (difference) => difference <= EQUAL,
  ">": (difference) => difference > EQUAL,
  ">=": (difference) => difference >= -EQUAL,
  "==": (difference) => Math.abs(difference) <= EQUAL,
  "!=": (difference) => Math.abs(difference) > EQUAL,
};

interface Value {
  readonly value: number;
  readonly text: string;
  readonly isShare: boolean;
}

function quantityValue(quantity: Quantity, place: Place): Value {
  if (quantity.type === "number") {
    const { value, unit } = quantity;
    const text = unit === "" ? String(value) : `${Number((100 * value).toPrecision(12))}${unit}`;
    return { value, text, isShare: false };
  }
  if ("left" in quantity) {
    const [left, right] = [quantityValue(quantity.left, place), quantityValue(quantity.right, place)];
    const value = quantity.type === "+" ? left.value + right.value : left.value - right.value;
    return { value, text: `${left.text} ${quantity.type} ${right.text}`, isShare: left.isShare || right.isShare };
  }
  return metricValue(quantity, place);
}

function metricValue(metric: Metric, place: Place): Value {
  const { type, ofBaseline } = metric;
  const needsBaseline = ofBaseline || type === "difference" || type === "p" || type.endsWith(" difference");
  const baseline = needsBaseline ? baselineOf(place, metric.at) : null;
  const column = ofBaseline && baseline !== null ? baseline : place.column;
  const row = rowOf(metric, place);
  if (row === null) return factValue(metric, { ...place, column });
  const cell = row.cells[place.comparison.columns.indexOf(column)] ?? null;
  const value = cell === null ? null : statistics[type](cell);
  if (value === null) throw new InputError(`--fail-if: ${column.label} has no ${missing(metric)}`);
  return { value, text: `${titleOf(metric)} ${shown(type, value)}`, isShare: type !== "p" };
}

/** As it was written, but for the name that a lone "baseline" stands for. */
function titleOf({ type, name, ofBaseline }: Metric): string {
  const spelling = `${ofBaseline ? "baseline." : ""}${name}`;
  return type === "metric" ? spelling : `${type.replace(" ", "(")}(${spelling})${type.includes(" ") ? ")" : ""}`;
}

const statistics: Readonly<Record<Statistic, (cell: Cell) => number | null>> = {
  metric: ({ accuracy }) => accuracy,
  low: ({ interval }) => interval?.low ?? null,
  high: ({ interval }) => interval?.high ?? null,
  difference: ({ difference }) => difference?.value ?? null,
  p: ({ difference }) => difference?.corrected ?? null,
  "low difference": ({ difference }) => difference?.interval?.low ?? null,
  "high difference": ({ difference }) => difference?.interval?.high ?? null,
};

function baselineOf({ comparison, column, expression }: Place, at: number): Column {
  if (comparison.columns.every(({ baseline }) => baseline === null)) {
    throw syntaxError(expression, at, "this needs a baseline; name one with --baseline");
  }
  if (column.baseline === null)
    throw new InputError(`--fail-if: ${column.label} has no baseline to be measured against`);
  return column.baseline;
}

/** Null for what is no attack of the table; UsageError where a name without its radius stands for several rows. */
function rowOf({ name, at }: Metric, { comparison, expression }: Place): Row | null {
  const rows = metricRows(name, comparison.rows);
  if (rows.length > 1) {
    const spelled = rows.map(({ attack }) => `${attack.name}@${attack.epsilonText}`).join(", ");
    throw syntaxError(expression, at, `${name} stands for several rows: ${spelled}`);
  }
  return rows[0] ?? null;
}

function factValue(metric: Metric, { comparison, expression, column }: Place): Value {
  const { type, name, at } = metric;
  const fact = facts.find(({ key }) => key === name);
  if (fact === undefined) throw missingMetric(name, comparison);
  if (type !== "metric") throw syntaxError(expression, at, `${name} is no accuracy: it has no ${type}`);
  const { value, text } = fact.cell(column);
  if (typeof value !== "number") throw new InputError(`--fail-if: ${column.label} has no number for ${name}`);
  return { value, text: `${titleOf(metric)} ${text}`, isShare: false };
}

function missingMetric(name: string, { rows }: Comparison): InputError {
  const known = [...new Set(rows.map(({ attack }) => attack.name)), ...facts.map(({ key }) => key)];
  const near = nearest(name, known);
  const hint = near === null ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
  return new InputError(`--fail-if: the results have no ${name}; ${hint}`);
}

function missing(metric: Metric): string {
  const { type } = metric;
  const attack = titleOf({ ...metric, type: "metric" });
  if (type === "metric") return `result of ${attack}`;
  return `${type === "p" ? "test" : type.replace(" ", " bound of the ")} for ${attack}`;
}

/** "pgd50 < 45" would hold for every network there is. */
function requireSpelledShares(sides: readonly Quantity[], values: readonly Value[], { expression }: Place): void {
  if (!values.some(({ isShare }) => isShare)) return;
  const wrong = sides.flatMap(numbersIn).find(({ value, unit }) => value > 1 && unit === "");
  if (wrong === undefined) return;
  throw syntaxError(expression, wrong.at, `accuracies are shares of 1; write ${wrong.value}% (or ${wrong.value}pp)`);
}

function numbersIn(quantity: Quantity): readonly Extract<Quantity, { type: "number" }>[] {
  if (quantity.type === "number") return [quantity];
  return "left" in quantity ? [...numbersIn(quantity.left), ...numbersIn(quantity.right)] : [];
}

function shown(type: Statistic, value: number): string {
  if (type === "p") return String(Number(value.toPrecision(3)));
  return `${(100 * value).toFixed(2)}${type.endsWith("difference") ? "pp" : "%"}`;
}

/** The verdict as sentences, for the table's notes and stderr: whether it held, then each network it held for. */
export function verdictNotes({ expression, failed, networks }: Verdict): readonly string[] {
  const reasons = networks
    .filter(({ holds }) => holds)
    .map(({ network, details }) => `${network}: ${details.join("; ")}`);
  const count = `${reasons.length} of ${networks.length}`;
  return failed
    ? [`Gate failed: ${expression} holds for ${count} networks.`, ...reasons]
    : [`Gate passed: ${expression} holds for none of ${networks.length} networks.`];
}
