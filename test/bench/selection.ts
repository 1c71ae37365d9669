/** How long HYDRA takes to choose its masks: the largest of VGG-16's 15 million scores, layer by layer. */
import { stream } from "../../src/core/rng.js";
import { catalogModel } from "../../src/models/catalog.js";
import { weightLayers } from "../../src/models/shapes.js";
import { keepLargest, keptCount } from "../../src/pruning/mask.js";
import { head, print, record, rounded, row } from "./output.js";
import { CLASSES, INPUT } from "./subject.js";
import type { Verdict } from "./verdicts.js";

const MUST = 60;
const ROUNDS = 12;

export function reportSelection(densities: readonly number[]): Verdict[] {
  const { graph } = catalogModel({ name: "vgg16", width: 1, input: INPUT, classes: CLASSES });
  const layers = weightLayers(graph, INPUT).map(({ size }, layer) => {
    const scores = new Float32Array(size);
    stream(1, "score", layer).fillNormal(scores, 0.01);
    return scores;
  });
  const total = layers.reduce((sum, { length }) => sum + length, 0);
  print(`\n## The largest of ${total} scores, one thread\n`);
  head(["density", "ms", "fastest", "must"]);
  return densities.map((density) => report(layers, density));
}

function report(layers: readonly Float32Array[], density: number): Verdict {
  const samples = Array.from({ length: ROUNDS }, () => milliseconds(layers, density)).slice(2);
  const sorted = samples.toSorted((a, b) => a - b);
  const [fastest = Number.NaN] = sorted;
  const value = sorted[sorted.length >> 1] ?? Number.NaN;
  row([density, rounded(value, 0), rounded(fastest, 0), MUST]);
  record("selection", { value, unit: "ms", config: { density, fastest, must: MUST } });
  return {
    what: `the largest scores of vgg16, density ${density}`,
    sense: "at most",
    must: MUST,
    found: value,
    unit: "ms",
  };
}

function milliseconds(layers: readonly Float32Array[], density: number): number {
  const start = performance.now();
  for (const scores of layers) keepLargest(scores, keptCount(density, scores.length));
  return performance.now() - start;
}
