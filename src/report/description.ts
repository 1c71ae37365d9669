/** What stands above the accuracies: how large each network is and what its training cost. */
import { significant } from "./labels.js";
import type { AttackedNetwork } from "./results.js";

export interface DescriptionRow {
  readonly title: string;
  /** One a network; "" where it is not known. */
  readonly values: readonly string[];
}

/** Only rows that some network has a value for. */
export function describeNetworks(networks: readonly AttackedNetwork[]): readonly DescriptionRow[] {
  return facts
    .map(({ title, value }) => ({ title, values: networks.map((network) => value(network) ?? "") }))
    .filter(({ values }) => values.some((value) => value !== ""));
}

type Fact = { readonly title: string; readonly value: (network: AttackedNetwork) => string | null };

const facts: readonly Fact[] = [
  {
    title: "Model",
    value: ({ checkpoint: { model } }) =>
      model === undefined ? null : `${model.name}${(model.width ?? 1) === 1 ? "" : ` ×${model.width}`}`,
  },
  { title: "Objective", value: ({ checkpoint }) => checkpoint.objective ?? null },
  {
    title: "Density (sparsity)",
    value: ({ checkpoint: { density } }) =>
      density === undefined ? null : `${significant(density)} (${significant(100 - 100 * density)}%)`,
  },
  {
    title: "Kept weights",
    value: ({ checkpoint: { connections, weights } }) =>
      connections === undefined || weights === undefined ? null : `${grouped(connections)} of ${grouped(weights)}`,
  },
  { title: "Multiply-adds an image", value: ({ checkpoint }) => maybeGrouped(checkpoint.multiplyAdds) },
  { title: "Training image-steps", value: ({ checkpoint }) => maybeGrouped(checkpoint.imageSteps) },
  { title: "Forward-equivalents", value: ({ checkpoint }) => maybeGrouped(checkpoint.forwardEquivalents) },
  {
    title: "Checkpoint",
    value: ({ checkpoint: { role, epoch, phase } }) =>
      role === undefined
        ? null
        : [role, phase, epoch === undefined ? null : `epoch ${epoch}`].filter(Boolean).join(", "),
  },
  { title: "Chosen by", value: ({ selection }) => selection },
  { title: "Seed", value: ({ checkpoint }) => (checkpoint.seed === undefined ? null : String(checkpoint.seed)) },
];

function maybeGrouped(value: number | undefined): string | null {
  return value === undefined ? null : grouped(value);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
