/** The figures by name. Loads the plotting library: import it only where a figure is asked for. */
import { UsageError } from "../../core/errors.js";
import type { Comparison } from "../comparison.js";
import type { FigureName } from "../figure-names.js";
import { figureNames } from "../figure-names.js";
import type { History } from "../results.js";
import { attacksFigure } from "./attacks.js";
import type { Figure } from "./canvas.js";
import { curvesFigure } from "./curves.js";
import { densityFigure } from "./density.js";
import { epsilonFigure } from "./epsilon.js";
import { layersFigure } from "./layers.js";

export interface Told {
  readonly comparison: Comparison;
  readonly histories: readonly History[];
}

/** The figure of that name; without one the first that the records have numbers for. UsageError where they have none. */
export function makeFigure(name: FigureName | null, told: Told): Figure {
  for (const candidate of name === null ? figureNames : [name]) {
    const figure = makers[candidate](told);
    if (figure !== null) return figure;
  }
  throw new UsageError(`--figure ${name}: ${needs[name ?? "attacks"]}`);
}

/** All figures that the records have numbers for, in the order of their names. */
export function allFigures(told: Told): readonly { readonly name: FigureName; readonly figure: Figure }[] {
  return figureNames.flatMap((name) => {
    const figure = makers[name](told);
    return figure === null ? [] : [{ name, figure }];
  });
}

const makers: Readonly<Record<FigureName, (told: Told) => Figure | null>> = {
  density: ({ comparison }) => densityFigure(comparison),
  epsilon: ({ comparison }) => epsilonFigure(comparison),
  attacks: ({ comparison }) => attacksFigure(comparison),
  curves: curvesFigure,
  layers: ({ histories }) => layersFigure(histories),
};

const needs: Readonly<Record<FigureName, string>> = {
  density: "the networks have fewer than two densities",
  epsilon: "no attack was run at two radii (attack-eval --epsilons)",
  attacks: "there are fewer than two attacks",
  curves: "the input has no training run with two epochs; give its records.ndjson too",
  layers: "the input has no train.epoch records; give the training run's records.ndjson too",
};
