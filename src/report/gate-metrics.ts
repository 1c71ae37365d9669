/** What the metrics of a gate stand for among the rows of a comparison. */
import { parseNumber } from "../core/units.js";
import { ownRows, type Row } from "./comparison.js";
import type { Condition, Quantity } from "./gate-syntax.js";

/** The rows that a metric may mean: `pgd50` those of every radius, `pgd50@8/255` one; none for a fact or an unknown name. */
export function metricRows(metric: string, rows: readonly Row[]): readonly Row[] {
  const [name, radius] = metric.split("@");
  const epsilon = radius === undefined ? null : parseNumber(radius);
  return ownRows(rows).filter(({ attack }) => attack.name === name && (epsilon === null || attack.epsilon === epsilon));
}

/** The rows whose tests the condition asks for, by `p(METRIC)`. */
export function testedRows(condition: Condition, rows: readonly Row[]): readonly Row[] {
  return testedMetrics(condition).flatMap((metric) => metricRows(metric, rows));
}

function testedMetrics(condition: Condition): readonly string[] {
  if (condition.type === "not") return testedMetrics(condition.of);
  if (condition.type === "comparison") return [...testsIn(condition.left), ...testsIn(condition.right)];
  return [...testedMetrics(condition.left), ...testedMetrics(condition.right)];
}

function testsIn(quantity: Quantity): readonly string[] {
  if ("left" in quantity) return [...testsIn(quantity.left), ...testsIn(quantity.right)];
  return quantity.type === "p" ? [quantity.name] : [];
}
