/** The comparison for programs: one entry for each network under each attack, at full precision. */
import { UsageError } from "../core/errors.js";
import { nearest } from "../core/nearest.js";
import type { Cell, Column, Comparison } from "./comparison.js";
import { densityOf } from "./density.js";
import { chosenBy } from "./facts.js";
import { significant } from "./labels.js";
import type { Table } from "./table.js";

export type ComparisonEntry = Readonly<Record<string, string | number | null>>;

export function comparisonEntries({ columns, rows }: Comparison): readonly ComparisonEntry[] {
  return rows.flatMap(({ cells, attack, source }) =>
    columns.flatMap((column, i): readonly ComparisonEntry[] => {
      const cell = cells[i] ?? null;
      if (cell === null) return [];
      const { name, norm, epsilon, epsilonText } = attack;
      return [
        {
          ...networkFields(column),
          attack: name,
          norm,
          epsilon,
          epsilonText,
          transferFrom: source,
          ...resultFields(cell),
          ...differenceFields(column, cell),
        },
      ];
    }),
  );
}

/** The entries as a table, a column a field; `names`: which fields. UsageError for a field that there is not. */
export function entriesTable(comparison: Comparison, names: readonly string[] | null): Table {
  const entries = comparisonEntries(comparison);
  const fields = Object.keys(entries[0] ?? {});
  for (const name of names ?? []) if (!fields.includes(name)) throw new UsageError(unknown(name, fields));
  const columns = (names ?? fields).map((key) => ({
    key,
    title: key,
    isNumeric: typeof entries[0]?.[key] === "number",
  }));
  const rows = entries.map((entry) =>
    columns.map(({ key }) => {
      const value = entry[key] ?? null;
      const text = typeof value === "number" && !Number.isInteger(value) ? significant(value) : String(value ?? "");
      return { text, value };
    }),
  );
  return { columns, rows };
}

function unknown(name: string, fields: readonly string[]): string {
  const near = nearest(name, fields);
  return `--columns ${name}: no field of the results; ${near === null ? `there are ${fields.join(", ")}` : `did you mean ${near}?`}`;
}

/** Of several seeds the first network's; what differs from seed to seed is null. */
function networkFields({ label, networks, published }: Column): ComparisonEntry {
  const [network] = networks;
  const [record] = published?.records ?? [];
  const checkpoint = network?.checkpoint;
  const isOne = networks.length === 1;
  return {
    network: label,
    published: record?.source ?? null,
    checkpoint: isOne ? (checkpoint?.path ?? null) : null,
    sha256: isOne ? (checkpoint?.sha256 ?? null) : null,
    method: record?.method ?? checkpoint?.method ?? null,
    model: record?.model.name ?? checkpoint?.model?.name ?? null,
    width: record?.model.width ?? checkpoint?.model?.width ?? null,
    objective: record?.objective ?? checkpoint?.objective ?? null,
    density: record?.density ?? densityOf(checkpoint ?? {}) ?? null,
    connections: checkpoint?.connections ?? null,
    weights: checkpoint?.weights ?? null,
    multiplyAdds: isOne ? (checkpoint?.multiplyAdds ?? null) : null,
    bytes: isOne ? (checkpoint?.bytes ?? null) : null,
    imageSteps: checkpoint?.imageSteps ?? null,
    forwardEquivalents: checkpoint?.forwardEquivalents ?? null,
    trainingSeconds: isOne ? (checkpoint?.seconds ?? null) : null,
    selection: network === undefined ? null : chosenBy(network),
    seed: isOne ? (checkpoint?.seed ?? null) : null,
    seeds: networks.length,
    unfinished: network?.unfinished ?? null,
  };
}

function resultFields({ results, accuracy, interval, spread }: Cell): ComparisonEntry {
  const [only] = results;
  const one = results.length === 1 ? only : undefined;
  return {
    from: only?.range[0] ?? null,
    to: only?.range[1] ?? null,
    samples: only?.samples ?? null,
    correct: one?.correct ?? null,
    accuracy,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    deviation: spread?.deviation ?? null,
    forwards: one?.forwards ?? null,
    gradients: one?.gradients ?? null,
    attackSeconds: one?.seconds ?? null,
    attackSeed: one?.seed ?? null,
  };
}

function differenceFields({ baseline }: Column, { difference }: Cell): ComparisonEntry {
  return {
    baseline: baseline?.label ?? null,
    difference: difference?.value ?? null,
    differenceLow: difference?.interval?.low ?? null,
    differenceHigh: difference?.interval?.high ?? null,
    differenceDeviation: difference?.deviation ?? null,
    shared: difference?.samples ?? null,
    onlyThis: difference?.pairs?.onlyFirst ?? null,
    onlyBaseline: difference?.pairs?.onlySecond ?? null,
    p: difference?.p ?? null,
    pHolm: difference?.corrected ?? null,
  };
}
