/**
 * HYDRA's prune stage: which weights to keep is learned with the robust loss itself (Sehwag et al. 2020). Weights stay as they
 * are; each has a score, the mask keeps the largest |scores| of a layer, and the scores follow the straight-through gradient.
 * The engine holds only the kept weights, so forward and input gradient cost what the pruned network costs.
 */
import type { StateTensor, Training } from "../engines/engine.js";
import type { Graph } from "../models/graph.js";
import type { Network } from "../models/network.js";
import { sgdStepInto } from "../training/sgdw.js";
import type { Update } from "../training/update.js";
import { weightStatistics } from "../training/weight-statistics.js";
import { keepLargest, maskChange } from "./mask.js";
import { kernelValues, type Masks } from "./masked-network.js";
import { initialScores, type ScoreStart, scoreGradientInto } from "./scores.js";
import { statePositions, stateValues } from "./stage-arrays.js";

/** A layer whose mask is being learned; all arrays cover the whole kernel, [out, in, kh, kw] or [out, in] flattened. */
export interface ScoredLayer {
  readonly name: string;
  /** Frozen. */
  readonly weights: Float32Array;
  readonly scores: Float32Array;
  /** Of the scores' optimiser. */
  readonly momentum: Float32Array;
  /** How many weights the mask keeps. */
  readonly kept: number;
  /** Ascending positions of the mask in force. */
  positions: Uint32Array;
  /** Of the mask that the stage began with. */
  readonly first: Uint32Array;
}

export interface ScoredLayersOptions {
  /** The dense network to prune. */
  readonly network: Network;
  /** Weights kept by layer name; layers without an entry are not pruned. */
  readonly kept: ReadonlyMap<string, number>;
  readonly start: ScoreStart;
  /** Of the kernels, by layer; null where the start needs none. */
  readonly gradients: ReadonlyMap<string, Float32Array> | null;
  readonly seed: number;
}

/** Layers at the start of the stage, with their first scores and masks. */
export function scoredLayers({ network, kept, start, gradients, seed }: ScoredLayersOptions): ScoredLayer[] {
  const numbers = weightLayerNumbers(network.graph);
  return [...kept].map(([name, count]) => {
    const layer = numbers.get(name) ?? 0;
    const { values: weights, shape } = kernelValues(network, name);
    const gradient = gradients?.get(name) ?? null;
    const scores = initialScores({ start, weights, shape, gradient, seed, layer });
    const positions = keepLargest(scores, count);
    return {
      ...{ name, weights, scores, positions, first: positions },
      ...{ momentum: new Float32Array(weights.length), kept: count },
    };
  });
}

/** Layers as the `state()` of an interrupted stage had them. */
export function restoredLayers(
  kept: ReadonlyMap<string, number>,
  state: ReadonlyMap<string, StateTensor>,
): ScoredLayer[] {
  return [...kept].map(([name, count]) => {
    const scores = stateValues(state, `${name}.score`);
    return {
      name,
      weights: stateValues(state, `${name}.frozen`),
      scores,
      momentum: stateValues(state, `${name}.momentum`),
      kept: count,
      positions: keepLargest(scores, count),
      first: statePositions(state, `${name}.first`),
    };
  });
}

/**
 * The largest |weight| of each layer over the median: scaled scores are relative to the largest, so one outlier makes those of all
 * others small, and they move the faster for it.
 */
export function outlierRatios(layers: readonly ScoredLayer[]): number[] {
  return layers.map(({ weights }) => {
    const { largest, median } = weightStatistics({ type: "dense", shape: [weights.length], values: weights });
    return (largest ?? 0) / (median ?? 0);
  });
}

/** The mask in force, by layer. */
export function currentMasks(layers: readonly ScoredLayer[]): Masks {
  return new Map(layers.map(({ name, positions }) => [name, positions]));
}

export interface HydraUpdateOptions {
  readonly layers: readonly ScoredLayer[];
  readonly momentum: number;
  /** Leaves batch-norm's gamma and beta alone too; its running statistics follow in either case. */
  readonly freezeBatchNorm: boolean;
}

/**
 * One step on the scores, and on batch-norm's gamma and beta; then the new masks go to the engine, once for the attack and the
 * passes of the next step. The training must give full gradients of these layers.
 */
export function hydraUpdate({ layers, momentum, freezeBatchNorm }: HydraUpdateOptions): Update {
  return {
    *apply({ training, rates }) {
      const numbers = new Map(training.weightLayers.map(({ name }, number) => [name, number]));
      for (const layer of layers) {
        const gradient = training.gradient(`${layer.name}.weight`);
        scoreGradientInto({ ...layer, gradient });
        sgdStepInto({ values: layer.scores, momentum: layer.momentum, gradient }, { momentum, ...rates });
        yield;
      }
      const learningRate = freezeBatchNorm ? 0 : rates.learningRate;
      const connections = training.step({ rule: "sgd", trainable: "batchnorm", momentum, ...rates, learningRate });
      yield;
      const created = new Int32Array(connections.length);
      for (const layer of layers) {
        const number = numbers.get(layer.name) ?? -1;
        created[number] = moveMask(training, number, layer);
        yield;
      }
      return { connections, created, reconnected: created.reduce((sum, count) => sum + count, 0) };
    },
    state: () => new Map(layers.flatMap(layerState)),
  };
}

/** Puts the mask of the layer's scores in force; gives the number of weights that came back. */
function moveMask(training: Training, number: number, layer: ScoredLayer): number {
  const positions = keepLargest(layer.scores, layer.kept);
  const { drop, grow } = maskChange(layer.positions, positions);
  layer.positions = positions;
  if (grow.length === 0) return 0;
  const values = Float32Array.from(grow, (position) => layer.weights[position] ?? 0);
  training.reconnect(number, { drop, grow, values });
  return grow.length;
}

/** Weight layers count in graph order, in the engine and in random streams. */
function weightLayerNumbers(graph: Graph): Map<string, number> {
  const layers = graph.filter(({ op }) => op === "conv" || op === "dense");
  return new Map(layers.map(({ name }, number) => [name, number]));
}

function layerState({ name, weights, scores, momentum, first }: ScoredLayer): [string, StateTensor][] {
  return [
    [`${name}.frozen`, { type: "f32", values: weights }],
    [`${name}.score`, { type: "f32", values: scores }],
    [`${name}.momentum`, { type: "f32", values: momentum }],
    [`${name}.first`, { type: "u32", values: first }],
  ];
}
