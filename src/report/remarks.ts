/** What a reader must know before believing a number of the table. */
import { maskingAlarms } from "./alarms.js";
import type { Baselines } from "./baseline.js";
import type { Column, Row } from "./comparison.js";
import { attackTitle } from "./labels.js";

/** A sentence each. */
export function remarksOn(columns: readonly Column[], rows: readonly Row[]): readonly string[] {
  const unfinished = columns.flatMap(({ label, network }) =>
    network.unfinished === null ? [] : [`${label} is not finished: ${network.unfinished}.`],
  );
  const partial = rows
    .flatMap(({ cells }) => cells)
    .flatMap((cell) =>
      cell?.difference && cell.difference.samples < cell.result.samples ? cell.difference.samples : [],
    );
  const shared = [...new Set(partial)].map(
    (samples) => `Differences are over the ${samples} samples that both networks share.`,
  );
  const rules = new Set(columns.map(({ network }) => network.selection).filter((rule) => rule !== null));
  const selection =
    rules.size > 1 ? [`The checkpoints were chosen by different rules (${[...rules].join(", ")}).`] : [];
  const reliability = columns.flatMap(({ label, network }) =>
    [...network.results.values()].flatMap((result) =>
      result.reliability.map(({ message }) => `${label}, ${attackTitle(result)}: ${message}`),
    ),
  );
  return [...unfinished, ...shared, ...selection, ...reliability, ...columns.flatMap(maskingAlarms)];
}

/** Networks that `--baseline` found nothing for. */
export function orphans(columns: readonly Column[], baselines: Baselines): readonly string[] {
  return columns
    .filter(({ network }) => baselines.get(network) === null)
    .map(({ label }) => `${label} has no baseline of its model, data, density and objective, so no difference.`);
}
