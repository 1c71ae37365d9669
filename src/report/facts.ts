/** What is known of a network besides its accuracies: how large it is and what its training cost. */
import type { CheckpointReference } from "../records/events.js";
import type { Column } from "./comparison.js";
import { densityOf, densityText } from "./density.js";
import { significant } from "./labels.js";
import { layerDensityList, layerDensityRange } from "./layer-densities.js";
import type { AttackedNetwork } from "./results.js";
import type { TableCell } from "./table.js";

export interface Fact {
  /** As `--columns` names it. */
  readonly key: string;
  readonly title: string;
  /** Shown without being asked for. */
  readonly isUsual: boolean;
  readonly cell: (column: Column) => TableCell;
}

type Value = number | string | null | undefined;

/** The checkpoint of one network, or what a publication says of it. */
type Described = Partial<CheckpointReference>;

export const facts: readonly Fact[] = [
  fact({ key: "method", title: "Method", isUsual: false, value: ({ method }) => method }),
  fact({ key: "model", title: "Model", value: modelName }),
  fact({ key: "objective", title: "Objective", value: ({ objective }) => objective }),
  fact({ key: "density", title: "Density (sparsity)", value: densityOf, text: densityText }),
  fact({
    key: "kept",
    title: "Kept weights",
    value: ({ connections }) => connections,
    text: grouped,
    suffix: ofWeights,
  }),
  { key: "layerDensities", title: "Density by layer", isUsual: true, cell: layerDensityRange },
  { key: "layers", title: "Density of each layer, %", isUsual: false, cell: layerDensityList },
  fact({
    key: "multiplyAdds",
    title: "Multiply-adds an image",
    value: ({ multiplyAdds }) => multiplyAdds,
    text: grouped,
  }),
  fact({ key: "bytes", title: "File bytes", value: ({ bytes }) => bytes, text: grouped }),
  fact({
    key: "csrBytes",
    title: "Bytes as sparse matrices",
    isUsual: false,
    value: ({ csrBytes }) => csrBytes,
    text: grouped,
  }),
  // What training cost is told up to the checkpoint, which for a `best` one is not the end of its run.
  fact({ key: "hours", title: "Hours to the checkpoint", isUsual: false, value: hours, text: significant }),
  fact({
    key: "imageSteps",
    title: "Image-steps to the checkpoint",
    value: ({ imageSteps }) => imageSteps,
    text: grouped,
  }),
  fact({
    key: "forwardEquivalents",
    title: "Forward-equivalents to the checkpoint",
    value: ({ forwardEquivalents }) => forwardEquivalents,
    text: grouped,
  }),
  { key: "gradients", title: "Gradients a sample", isUsual: false, cell: gradients },
  fact({ key: "checkpoint", title: "Checkpoint", value: checkpointName }),
  { key: "selection", title: "Chosen by", isUsual: true, cell: selection },
  fact({ key: "seed", title: "Seed", value: ({ seed }) => (seed === undefined ? null : String(seed)) }),
];

/** A fact that is one value of each network. */
interface ValueFact {
  readonly key: string;
  readonly title: string;
  /** True without it. */
  readonly isUsual?: boolean;
  readonly value: (described: Described) => Value;
  /** How a number is written. */
  readonly text?: (value: number) => string;
  /** Behind it. */
  readonly suffix?: (described: Described) => string;
}

function fact({ key, title, isUsual = true, value, text = String, suffix = () => "" }: ValueFact): Fact {
  const cell = (column: Column) => {
    const described = describedBy(column);
    return joined(described.map(value), text, suffix(described[0] ?? {}));
  };
  return { key, title, isUsual, cell };
}

function modelName({ model }: Described): Value {
  return model === undefined ? null : `${model.name}${(model.width ?? 1) === 1 ? "" : ` ×${model.width}`}`;
}

/** `best, finetune, epoch 9`. */
function checkpointName({ role, epoch, phase }: Described): Value {
  if (role === undefined) return null;
  return [role, phase, epoch === undefined ? null : `epoch ${epoch}`].filter(Boolean).join(", ");
}

function hours({ seconds }: Described): Value {
  return seconds === undefined ? null : seconds / 3600;
}

/** What the publication says of its network, or the checkpoint of each seed. */
function describedBy({ networks, published }: Column): readonly Described[] {
  const [record] = published?.records ?? [];
  if (record === undefined) return networks.map(({ checkpoint }) => checkpoint);
  const { model, method, density, objective } = record;
  return [{ model, method, density, ...(objective === null ? {} : { objective }) }];
}

/** One value; of several seeds the mean of numbers, shown as a range, or all texts. */
function joined(values: readonly Value[], text: (value: number) => string, suffix: string): TableCell {
  const known = values.filter((value) => value !== null && value !== undefined);
  const numbers = known.filter((value) => typeof value === "number");
  if (known.length === 0) return { text: "", value: null };
  if (numbers.length < known.length) {
    const texts = [...new Set(known)].join("; ");
    return { text: texts, value: texts };
  }
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const [least, most] = [text(Math.min(...numbers)), text(Math.max(...numbers))];
  return { text: `${least === most ? least : `${least} to ${most}`}${suffix}`, value: mean };
}

function ofWeights({ weights }: Described): string {
  return weights === undefined ? "" : ` of ${grouped(weights)}`;
}

/** Of all attacks; the members of an ensemble are in the ensemble's own count. */
function gradients({ networks }: Column): TableCell {
  const each = networks.map(({ results }) =>
    [...results.values()]
      .filter(({ name, samples }) => !name.includes("/") && samples > 0)
      .reduce((sum, result) => sum + result.gradients / result.samples, 0),
  );
  return joined(each, significant, "");
}

function selection({ networks }: Column): TableCell {
  return joined(networks.map(chosenBy), String, "");
}

/** The rule by which a checkpoint was chosen: its run's, or `last` for the one that the run ended with; null where nobody tells. */
export function chosenBy({ selection, checkpoint }: AttackedNetwork): string | null {
  return checkpoint.role === "final" && selection !== null ? "last" : selection;
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
