/**
 * Robust ADMM pruning (Ye et al. 2019): all weights W train on the robust loss and are drawn to a sparse copy Z of theirs, while
 * a dual U adds up what still lies between the two; at the end the largest weights stay. It minimises
 *
 *     L(W) + sum over layers of rho/2 · ||W - Z + U||²,   and at times   Z <- P(W + U),   U <- U + W - Z,
 *
 * where P keeps the largest magnitudes of a layer.
 */
import type { StateTensor, Training } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import type { Update } from "../training/update.js";
import { cycleOf } from "./cycle.js";
import { keepLargest, maskChange } from "./mask.js";
import { kernelValues } from "./masked-network.js";
import { statePositions, stateValues } from "./stage-arrays.js";

/** A layer whose weights are drawn to a sparse copy; all arrays cover the whole kernel. */
export interface SplitLayer {
  readonly name: string;
  /** How many weights the copy has. */
  readonly kept: number;
  /** Z. */
  sparse: Float32Array;
  /** U. */
  dual: Float32Array;
  /** Z - U, which the weights are drawn to. */
  target: Float32Array;
  /** Ascending positions of the weights in Z. */
  positions: Uint32Array;
  /** Of the weights in Z as the stage began. */
  readonly first: Uint32Array;
}

/** The split at the start of the stage: Z = P(W), U = 0. */
export function splitLayers(network: Network, kept: ReadonlyMap<string, number>): SplitLayer[] {
  return [...kept].map(([name, count]) => {
    const weights = kernelValues(network, name).values;
    const { values: sparse, positions } = projection(weights, count);
    return {
      name,
      kept: count,
      sparse,
      dual: new Float32Array(weights.length),
      target: sparse,
      positions,
      first: positions,
    };
  });
}

/** The split as the `state()` of an interrupted stage had it. */
export function restoredSplit(
  kept: ReadonlyMap<string, number>,
  state: ReadonlyMap<string, StateTensor>,
): SplitLayer[] {
  return [...kept].map(([name, count]) => {
    const [sparse, dual] = [stateValues(state, `${name}.sparse`), stateValues(state, `${name}.dual`)];
    const positions = keepLargest(sparse, count);
    const first = statePositions(state, `${name}.first`);
    return { name, kept: count, sparse, dual, target: differenceOf(sparse, dual), positions, first };
  });
}

/** P: a copy of the weights with zeros for all but the `kept` largest magnitudes, and the positions of those, ascending. */
export function projection(weights: Float32Array, kept: number): { values: Float32Array; positions: Uint32Array } {
  const positions = keepLargest(weights, kept);
  const values = new Float32Array(weights.length);
  for (const position of positions) values[position] = weights[position] ?? 0;
  return { values, positions };
}

/** Z <- P(W + U), U <- U + W - Z; gives the number of positions that are new in Z. */
export function updateSplit(layer: SplitLayer, weights: Float32Array): number {
  const sum = weights.map((weight, i) => weight + (layer.dual[i] as number));
  const { values, positions } = projection(sum, layer.kept);
  const { grow } = maskChange(layer.positions, positions);
  layer.sparse = values;
  layer.dual = differenceOf(sum, values);
  layer.target = differenceOf(values, layer.dual);
  layer.positions = positions;
  return grow.length;
}

/** rho/2 · ||W - Z + U||² of one layer. */
export function penalty({ target }: Pick<SplitLayer, "target">, weights: Float32Array, rho: number): number {
  return 0.5 * rho * weights.reduce((sum, weight, i) => sum + (weight - (target[i] ?? 0)) ** 2, 0);
}

export interface AdmmConstants {
  readonly rho: number;
  /** Factor on rho at each update of Z and U. */
  readonly rhoGrowth: number;
  /** Equal parts of the stage; Z and U are updated between them. */
  readonly cycles: number;
}

export interface AdmmUpdateOptions extends AdmmConstants {
  readonly layers: readonly SplitLayer[];
  readonly momentum: number;
  /** Of the stage. */
  readonly steps: number;
}

/** One step on all weights, drawn to their target; where a cycle begins, the targets are set anew before it. */
export function admmUpdate(options: AdmmUpdateOptions): Update {
  const { layers, momentum, rho, rhoGrowth } = options;
  return {
    *apply({ training, step, rates }) {
      const cycle = cycleOf(step, options);
      let reconnected = 0;
      if (step > 0 && cycle !== cycleOf(step - 1, options)) {
        reconnected = updateAll(training, layers);
        yield;
      }
      const numbers = new Map(training.weightLayers.map(({ name }, number) => [name, number]));
      for (const { name, target } of layers)
        training.attract(numbers.get(name) ?? -1, target, rho * rhoGrowth ** cycle);
      const connections = training.step({ rule: "sgd", trainable: "all", momentum, ...rates });
      yield;
      return { connections, reconnected };
    },
    state: () => new Map(layers.flatMap(layerState)),
  };
}

function updateAll(training: Training, layers: readonly SplitLayer[]): number {
  const tensors = training.tensors();
  return layers.reduce((sum, layer) => {
    const weights = tensors.get(`${layer.name}.weight`)?.values;
    if (weights === undefined) throw new Error(`the engine has no kernel of layer ${layer.name}`);
    return sum + updateSplit(layer, weights);
  }, 0);
}

function layerState({ name, sparse, dual, first }: SplitLayer): [string, StateTensor][] {
  return [
    [`${name}.sparse`, { type: "f32", values: sparse }],
    [`${name}.dual`, { type: "f32", values: dual }],
    [`${name}.first`, { type: "u32", values: first }],
  ];
}

function differenceOf(minuend: Float32Array, subtrahend: Float32Array): Float32Array {
  return minuend.map((value, i) => value - (subtrahend[i] as number));
}
