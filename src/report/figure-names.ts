/** The names of the figures, apart from the figures, so that naming them loads no plotting library. */
export const figureNames = ["density", "epsilon", "attacks", "curves", "layers"] as const;

export type FigureName = (typeof figureNames)[number];
