/** The comparison for programs: one entry for each network under each attack, at full precision; as JSON or CSV. */
import type { Comparison } from "./comparison.js";

export interface ComparisonEntry {
  readonly network: string;
  readonly checkpoint: string;
  readonly sha256: string;
  readonly method: string | null;
  readonly model: string | null;
  readonly width: number | null;
  readonly objective: string | null;
  readonly density: number | null;
  readonly connections: number | null;
  readonly weights: number | null;
  readonly multiplyAdds: number | null;
  readonly imageSteps: number | null;
  readonly forwardEquivalents: number | null;
  readonly selection: string | null;
  readonly seed: number | null;
  readonly unfinished: string | null;
  readonly attack: string;
  readonly norm: string;
  readonly epsilon: number;
  readonly epsilonText: string;
  readonly from: number;
  readonly to: number;
  readonly samples: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  readonly baseline: string | null;
  readonly difference: number | null;
  readonly shared: number | null;
  readonly onlyThis: number | null;
  readonly onlyBaseline: number | null;
  readonly p: number | null;
}

export function comparisonEntries({ columns, rows }: Comparison): readonly ComparisonEntry[] {
  return rows.flatMap(({ cells }) =>
    columns.flatMap(({ label, network, baseline }, i): readonly ComparisonEntry[] => {
      const cell = cells[i] ?? null;
      if (cell === null) return [];
      const { result, difference, interval } = cell;
      const { checkpoint } = network;
      return [
        {
          network: label,
          checkpoint: checkpoint.path,
          sha256: checkpoint.sha256,
          method: checkpoint.method ?? null,
          model: checkpoint.model?.name ?? null,
          width: checkpoint.model?.width ?? null,
          objective: checkpoint.objective ?? null,
          density: checkpoint.density ?? null,
          connections: checkpoint.connections ?? null,
          weights: checkpoint.weights ?? null,
          multiplyAdds: checkpoint.multiplyAdds ?? null,
          imageSteps: checkpoint.imageSteps ?? null,
          forwardEquivalents: checkpoint.forwardEquivalents ?? null,
          selection: network.selection,
          seed: checkpoint.seed ?? null,
          unfinished: network.unfinished,
          attack: result.name,
          norm: result.norm,
          epsilon: result.epsilon,
          epsilonText: result.epsilonText,
          from: result.range[0],
          to: result.range[1],
          samples: result.samples,
          correct: result.correct,
          accuracy: cell.accuracy,
          low: interval.low,
          high: interval.high,
          baseline: baseline?.label ?? null,
          difference: difference?.value ?? null,
          shared: difference?.samples ?? null,
          onlyThis: difference?.pairs.onlyFirst ?? null,
          onlyBaseline: difference?.pairs.onlySecond ?? null,
          p: difference?.p ?? null,
        },
      ];
    }),
  );
}

/** Ends with a newline. */
export function comparisonJson(comparison: Comparison): string {
  return `${JSON.stringify({ results: comparisonEntries(comparison), remarks: comparison.remarks }, null, 2)}\n`;
}

/** RFC 4180 with "\n"; the first line names the fields; what is not known is empty. */
export function comparisonCsv(comparison: Comparison): string {
  const entries = comparisonEntries(comparison).map((entry) => Object.entries(entry));
  const names = (entries[0] ?? []).map(([name]) => name);
  const lines = entries.map((entry) => entry.map(([, value]) => csvField(value)).join(","));
  return `${[names.join(","), ...lines].join("\n")}\n`;
}

function csvField(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
