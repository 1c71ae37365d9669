/** One optimiser step on the device, each operation rounded to float32 as training/sgdw.ts defines it. */
import type { StepOptions } from "../engine.js";
import type { Device, Tensor } from "./device.js";
import { arithmetic, compare, select } from "./operations.js";

/** Constants of a step on the device. */
export interface Rates {
  readonly rule: "sgdw" | "sgd";
  readonly learningRate: Tensor;
  readonly momentum: Tensor;
  readonly weightDecay: Tensor;
}

export function ratesOf(device: Device, { rule, learningRate, momentum, weightDecay }: StepOptions): Rates {
  const [eta, mu, lambda] = [learningRate, momentum, weightDecay].map((rate) => device.scalar(rate));
  if (eta === undefined || mu === undefined || lambda === undefined) throw new Error("a step has three rates");
  return { rule, learningRate: eta, momentum: mu, weightDecay: lambda };
}

export interface Entries {
  readonly value: Tensor;
  readonly momentum: Tensor;
}

/** "sgdw": v <- v - lambda v, a <- mu a - eta g, v <- v + a; "sgd": g <- g + lambda v, a <- mu a + g, v <- v - eta a. */
export function updated(device: Device, { value, momentum }: Entries, gradient: Tensor, rates: Rates): Entries {
  const { rule, learningRate: eta, momentum: mu, weightDecay: lambda } = rates;
  const decay = arithmetic(device, "Mul", lambda, value);
  const kept = arithmetic(device, "Mul", mu, momentum);
  if (rule === "sgd") {
    const buffer = arithmetic(device, "AddV2", kept, arithmetic(device, "AddV2", gradient, decay));
    return { value: arithmetic(device, "Sub", value, arithmetic(device, "Mul", eta, buffer)), momentum: buffer };
  }
  const velocity = arithmetic(device, "Sub", kept, arithmetic(device, "Mul", eta, gradient));
  return { value: arithmetic(device, "AddV2", arithmetic(device, "Sub", value, decay), velocity), momentum: velocity };
}

/** A mortal kernel, every position: w = sign · max(0, theta), all in terms of w, so that a dormant value has the other sign. */
export interface MortalEntries extends Entries {
  readonly sign: Tensor;
  /** Flags: connected. */
  readonly alive: Tensor;
}

export interface MortalMoves {
  readonly rates: Rates;
  readonly gradient: Tensor;
  /** Taken from theta of what was connected. */
  readonly pull: number;
  /** For each connection in ascending order, what is added to its theta; null: nothing. */
  readonly noise: Float32Array | null;
}

/** Decay, momentum, pull and noise of the connections; the recently dead go on without a gradient; the slow are forgotten. */
export function mortalUpdated(device: Device, entries: MortalEntries, moves: MortalMoves): MortalEntries {
  const { sign, alive } = entries;
  const zero = device.scalar(0);
  const moved = updated(device, entries, select(device, alive, moves.gradient, zero), moves.rates);
  const pulled = moves.pull === 0 ? moved.value : pulledDown(device, { ...entries, value: moved.value }, moves.pull);
  const value = moves.noise === null ? pulled : withNoise(device, { ...entries, value: pulled }, moves.noise);
  const living = aliveOf(device, { value, sign });
  const size = device.run("Abs", [moved.momentum], { T: { type: "float" } });
  const isSlow = compare(device, "Less", size, device.scalar(NOT_FORGOTTEN));
  const isForgotten = device.run("LogicalAnd", [device.run("LogicalNot", [living]), isSlow]);
  return {
    value: select(device, isForgotten, zero, value),
    momentum: select(device, isForgotten, zero, moved.momentum),
    sign,
    alive: living,
  };
}

/** Flags: theta > 0. */
export function aliveOf(device: Device, { value, sign }: { value: Tensor; sign: Tensor }): Tensor {
  return compare(device, "Greater", arithmetic(device, "Mul", sign, value), device.scalar(0));
}

/** The least float32 that is not below 1e-12, so that a comparison in float32 decides as one in double. */
const NOT_FORGOTTEN = (() => {
  const nearest = Float32Array.of(1e-12);
  const bits = new Uint32Array(nearest.buffer);
  if ((nearest[0] ?? 0) < 1e-12) bits[0] = (bits[0] ?? 0) + 1;
  return nearest[0] ?? 0;
})();

function pulledDown(device: Device, { value, sign, alive }: Omit<MortalEntries, "momentum">, pull: number): Tensor {
  const pulled = arithmetic(device, "Sub", value, arithmetic(device, "Mul", sign, device.scalar(pull)));
  return select(device, alive, pulled, value);
}

function withNoise(
  device: Device,
  { value, sign, alive }: Omit<MortalEntries, "momentum">,
  noise: Float32Array,
): Tensor {
  if (noise.length === 0) return value;
  const positions = device.run("Where", [alive], { T: { type: "bool" } });
  const index = { Tindices: { type: "int64" } } as const;
  const signs = device.run("GatherNd", [sign, positions], { ...index, Tparams: { type: "float" } });
  const signed = arithmetic(device, "Mul", signs, device.upload(noise, [noise.length]));
  return device.run("TensorScatterAdd", [value, positions, signed], { ...index, T: { type: "float" } });
}
