/** The baselines beside learned masks: the largest weights of each layer, or any (Sehwag et al. 2020 call the first LWM). */
import { stream } from "../core/rng.js";
import type { Network } from "../models/network.js";
import { keepLargest } from "./mask.js";
import { kernelValues, type Masks } from "./masked-network.js";

/** LWM: each layer keeps its `kept` largest |weights|. */
export function magnitudeMasks(network: Network, kept: ReadonlyMap<string, number>): Masks {
  return new Map([...kept].map(([name, count]) => [name, keepLargest(kernelValues(network, name).values, count)]));
}

/** Each layer keeps `kept` weights drawn without looking at them: a baseline that any criterion must beat. */
export function randomMasks(network: Network, kept: ReadonlyMap<string, number>, seed: number): Masks {
  const masks = [...kept].map(([name, count], layer): [string, Uint32Array] => {
    const draws = new Float32Array(kernelValues(network, name).values.length);
    stream(seed, "prune", layer).fillUniform(draws, 0, 1);
    return [name, keepLargest(draws, count)];
  });
  return new Map(masks);
}
