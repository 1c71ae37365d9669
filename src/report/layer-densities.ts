/** How the weights that a network keeps are spread over its layers. */
import type { Column } from "./comparison.js";
import { significant } from "./labels.js";
import { noCell, type TableCell } from "./table.js";

/** From the sparsest layer to the densest, and the plain mean over layers, which is not the density of the network; of several seeds each layer's mean. */
export function layerDensityRange(column: Column): TableCell {
  const densities = meanDensities(column);
  if (densities.length === 0) return noCell;
  const mean = densities.reduce((sum, density) => sum + density, 0) / densities.length;
  const [least, most] = [short(Math.min(...densities)), short(Math.max(...densities))];
  return { text: `${least === most ? least : `${least} to ${most}`}, mean ${short(mean)}`, value: mean };
}

/** All of them in graph order, in percent. */
export function layerDensityList(column: Column): TableCell {
  const text = meanDensities(column)
    .map((density) => short(100 * density))
    .join(" ");
  return text === "" ? noCell : { text, value: text };
}

function meanDensities({ networks }: Column): readonly number[] {
  const all = networks.flatMap(({ checkpoint }) => (checkpoint.layerDensities ? [checkpoint.layerDensities] : []));
  const [first = []] = all;
  if (all.some(({ length }) => length !== first.length)) return [];
  return first.map((_, layer) => all.reduce((sum, densities) => sum + (densities[layer] ?? 0), 0) / all.length);
}

function short(value: number): string {
  return significant(Number(value.toPrecision(3)));
}
