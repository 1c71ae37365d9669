/** A network whose parameters follow those under training as an exponential moving average (Polyak & Juditsky 1992). */
import type { StateTensor } from "../engines/engine.js";
import type { Tensor } from "../models/network.js";
import { toDense } from "../models/tensor-storage.js";
import type { Update } from "./update.js";

type Tensors = ReadonlyMap<string, Tensor>;

/**
 * Every tensor is averaged at every position, running statistics too, where it is not connected as 0. The averaged network has the
 * connections that the trained one has now, so the budget holds for it as well.
 */
export class MovingAverage {
  readonly #decay: number;
  readonly #values: ReadonlyMap<string, Float32Array>;

  /** Begins at `tensors`, or where `state()` of an earlier run was. */
  constructor(decay: number, tensors: Tensors, state: ReadonlyMap<string, StateTensor> | null) {
    this.#decay = decay;
    this.#values = new Map([...tensors].map(([name, tensor]) => [name, begin(tensor, state?.get(PREFIX + name))]));
  }

  /** The parameters after one more step; `step` counts those before it. Early steps weigh more, so that the start is soon forgotten. */
  follow(tensors: Tensors, step: number): void {
    const decay = Math.min(this.#decay, (1 + step) / (10 + step));
    for (const [name, tensor] of tensors) {
      const average = this.#values.get(name);
      if (average !== undefined) moveTowards(average, toDense(tensor).values, decay);
    }
  }

  /** The average, with the connections of `now`. */
  tensors(now: Tensors): Map<string, Tensor> {
    return new Map([...now].map(([name, tensor]) => [name, this.#averaged(name, tensor)]));
  }

  state(): Map<string, StateTensor> {
    return new Map([...this.#values].map(([name, values]) => [PREFIX + name, { type: "f32", values }]));
  }

  #averaged(name: string, tensor: Tensor): Tensor {
    const average = this.#values.get(name) ?? tensor.values;
    if (tensor.type === "dense") return { ...tensor, values: average.slice() };
    return { ...tensor, values: Float32Array.from(tensor.index, (position) => average[position] ?? 0) };
  }
}

/** The update, and the average behind it. */
export function averagedUpdate(update: Update, average: MovingAverage): Update {
  return {
    prepare: (moment) => update.prepare?.(moment),
    *apply(moment) {
      const result = yield* update.apply(moment);
      average.follow(moment.training.tensors(), moment.step);
      return result;
    },
    epochEnded: (outcome) => update.epochEnded?.(outcome),
    state: () => new Map([...update.state(), ...average.state()]),
  };
}

const PREFIX = "average.";

function begin(tensor: Tensor, saved: StateTensor | undefined): Float32Array {
  return saved?.type === "f32" ? saved.values.slice() : toDense(tensor).values.slice();
}

function moveTowards(average: Float32Array, now: Float32Array, decay: number): void {
  for (let i = 0; i < average.length; i++)
    average[i] = decay * (average[i] as number) + (1 - decay) * (now[i] as number);
}
