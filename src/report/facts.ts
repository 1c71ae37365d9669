/** What is known of a network besides its accuracies: how large it is and what its training cost. */
import type { CheckpointReference } from "../records/events.js";
import type { Column } from "./comparison.js";
import { densityOf, densityText } from "./density.js";
import { significant } from "./labels.js";
import { layerDensityList, layerDensityRange } from "./layer-densities.js";
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
  fact("method", "Method", false, ({ method }) => method),
  fact("model", "Model", true, ({ model }) =>
    model === undefined ? null : `${model.name}${(model.width ?? 1) === 1 ? "" : ` ×${model.width}`}`,
  ),
  fact("objective", "Objective", true, ({ objective }) => objective),
  fact("density", "Density (sparsity)", true, densityOf, densityText),
  fact(
    "kept",
    "Kept weights",
    true,
    ({ connections }) => connections,
    grouped,
    (column) => ofWeights(column.networks[0]?.checkpoint),
  ),
  { key: "layerDensities", title: "Density by layer", isUsual: true, cell: layerDensityRange },
  { key: "layers", title: "Density of each layer, %", isUsual: false, cell: layerDensityList },
  fact("multiplyAdds", "Multiply-adds an image", true, ({ multiplyAdds }) => multiplyAdds, grouped),
  fact("bytes", "File bytes", true, ({ bytes }) => bytes, grouped),
  fact("csrBytes", "Bytes as sparse matrices", false, ({ csrBytes }) => csrBytes, grouped),
  fact("hours", "Hours to the checkpoint", false, hours, significant),
  fact("imageSteps", "Image-steps to the checkpoint", true, ({ imageSteps }) => imageSteps, grouped),
  fact(
    "forwardEquivalents",
    "Forward-equivalents to the checkpoint",
    true,
    ({ forwardEquivalents }) => forwardEquivalents,
    grouped,
  ),
  { key: "gradients", title: "Gradients a sample", isUsual: false, cell: gradients },
  fact("checkpoint", "Checkpoint", true, ({ role, epoch, phase }) =>
    role === undefined ? null : [role, phase, epoch === undefined ? null : `epoch ${epoch}`].filter(Boolean).join(", "),
  ),
  { key: "selection", title: "Chosen by", isUsual: true, cell: selection },
  fact("seed", "Seed", true, ({ seed }) => (seed === undefined ? null : String(seed))),
];

function fact(
  key: string,
  title: string,
  isUsual: boolean,
  value: (described: Described) => Value,
  text: (value: number) => string = String,
  suffix: (column: Column) => string = () => "",
): Fact {
  return { key, title, isUsual, cell: (column) => joined(describedBy(column).map(value), text, suffix(column)) };
}

/** Of training, as all costs here: up to the checkpoint, which for a `best` one is not the end of its run. */
function hours({ seconds }: Described): number | null {
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

function ofWeights(checkpoint: Described | undefined): string {
  return checkpoint?.weights === undefined ? "" : ` of ${grouped(checkpoint.weights)}`;
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
  return joined(
    networks.map(({ selection, checkpoint }) => (checkpoint.role === "final" ? null : selection)),
    String,
    "",
  );
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
