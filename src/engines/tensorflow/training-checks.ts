/** What a step and a reconnection must be, checked before anything changes. */
import type { Reconnection, StepOptions, WeightRule } from "../engine.js";
import type { ConnectionSet } from "./connection-set.js";

/** Throws RangeError, naming the option. */
export function checkStep({ rule, trainable, noise, ...rates }: StepOptions): void {
  if (rule !== "sgdw" && rule !== "sgd") throw new RangeError(`rule is "${rule}"; it must be sgdw or sgd`);
  if (trainable !== "all" && trainable !== "batchnorm") {
    throw new RangeError(`trainable is "${trainable}"; it must be all or batchnorm`);
  }
  for (const [name, value] of Object.entries(rates)) requireFinite(name, value);
  if (noise === undefined) return;
  requireFinite("deviation", noise.deviation);
  if (!Number.isSafeInteger(noise.seed) || noise.seed < 0) {
    throw new RangeError(`seed is ${noise.seed}; it must be an integer from 0 to 2^53 - 1`);
  }
}

function requireFinite(name: string, value: number | undefined): void {
  if (value !== undefined && !Number.isFinite(value)) throw new RangeError(`${name} is ${value}; it must be finite`);
}

/** Throws RangeError where a kernel is not dense or the target does not fit it. */
export function checkAttraction(
  { target, strength }: { readonly target: Float32Array; readonly strength: number },
  kernel: { readonly rule: WeightRule; readonly size: number },
): void {
  if (kernel.rule !== "dense") throw new RangeError("layer: only a dense layer is attracted");
  if (target.length !== kernel.size) {
    throw new RangeError(`target has ${target.length} numbers; the kernel has ${kernel.size}`);
  }
  requireFinite("strength", strength);
}

/** Throws RangeError where a position is out of order or not as it must be. */
export function checkReconnection(
  { drop, grow, values }: Reconnection,
  kernel: { readonly rule: WeightRule; readonly size: number; readonly connections: ConnectionSet | null },
): void {
  const { connections } = kernel;
  if (connections === null) throw new RangeError("layer: a dense layer has no connections to exchange");
  requireAscending("drop", drop, kernel.size);
  requireAscending("grow", grow, kernel.size);
  if (values.length !== grow.length) {
    throw new RangeError(`values has ${values.length} numbers; ${grow.length} positions are grown`);
  }
  for (const position of drop) {
    if (!connections.has(position)) throw new RangeError(`drop: position ${position} is not connected`);
  }
  for (const position of grow) {
    if (connections.has(position)) throw new RangeError(`grow: position ${position} is connected already`);
  }
  if (!values.every(Number.isFinite)) throw new RangeError("values: every value must be finite");
  if (kernel.rule === "mortal" && values.includes(0)) throw new RangeError("values: a grown connection must not be 0");
}

function requireAscending(name: string, positions: Uint32Array, size: number): void {
  for (const [i, position] of positions.entries()) {
    if (position >= size || (i > 0 && position <= (positions[i - 1] ?? 0))) {
      throw new RangeError(`${name}: positions must ascend and be below ${size}`);
    }
  }
}
