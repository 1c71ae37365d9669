/** The native addon as it is: what it exports, and loading it. Only engines/native.ts and engines/largest.ts call it. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { ResourceError, UsageError } from "../core/errors.js";
import type { LossGradient } from "./engine.js";

/** An object of the addon; a handle of the wrong kind is a TypeError there. */
export type Handle = { readonly [handle]: never };
declare const handle: unique symbol;

export interface Machine {
  readonly target: string;
  readonly threads: number;
}

/** Seconds in one step of a network, a layer with what is joined to it, forward and back, summed over the threads. */
export interface StepTime {
  /** Its name. */
  readonly layer: string;
  /** Or a fully connected layer, which is one of a single position. */
  readonly isConvolution: boolean;
  readonly seconds: number;
}

interface NamedValues<Values> {
  readonly name: string;
  readonly values: Values;
}

/** Images [batch, height, width, channel], logits [batch, classes]; a network is what `describeNetwork` of native.ts makes. */
export interface Addon {
  describe(target: string): { readonly target: string; readonly targets: string };
  normals(seed: number, purpose: number, a: number, b: number, first: number, count: number): Float64Array;
  /** `isFirst`: among equals the first go first. */
  largest(values: Float32Array, count: number, isFirst: boolean): Uint32Array;
  createInference(network: object, machine: Machine): Handle;
  logits(inference: Handle, images: Float32Array): Float32Array;
  inputGradient(
    inference: Handle,
    images: Float32Array,
    lossGradient: LossGradient,
  ): { logits: Float32Array; gradient: Float32Array };
  takeTimes(inference: Handle): StepTime[];
  createAscent(inference: Handle, images: Float32Array, origin: Float32Array, rule: object): Handle;
  advance(ascent: Handle, steps: number, lossGradient: LossGradient): void;
  ascentImages(ascent: Handle): Float32Array;
  createTraining(network: object, machine: Machine): Handle;
  inferenceOf(training: Handle): Handle;
  forward(training: Handle, images: Float32Array): { tape: number; logits: Float32Array };
  updateStatistics(training: Handle, tape: number, unbiased: boolean): void;
  backward(training: Handle, tape: number, logitGradient: Float32Array): void;
  discard(training: Handle, tape: number): void;
  gradient(training: Handle, tensor: string): Float32Array;
  collectFully(training: Handle, full: object): void;
  attract(training: Handle, layer: number, target: Float32Array, strength: number): void;
  step(training: Handle, options: object): Int32Array;
  connections(training: Handle, layer: number): Uint32Array;
  reconnect(training: Handle, layer: number, change: object): void;
  tensors(training: Handle): (NamedValues<Float32Array> & { readonly index?: Uint32Array })[];
  state(training: Handle): NamedValues<Float32Array | Uint32Array>[];
  firstNonFinite(training: Handle): string | null;
  dispose(handle: Handle): void;
}

const FILE = "../../../native/build/Release/sparse_robust.node";

const BUILD = fileURLToPath(new URL("../../../scripts/build-addon.js", import.meta.url));

/** Throws ResourceError where the addon was not built or does not load, with the command that builds it. */
export function loadAddon(): Addon {
  try {
    return createRequire(import.meta.url)(FILE);
  } catch (error) {
    const isThere = existsSync(fileURLToPath(new URL(FILE, import.meta.url)));
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const state = isThere ? `does not load (${reason})` : "is not built";
    throw new ResourceError(
      `the native engine ${state}; this builds it, given Python 3, make and a C++ compiler: node "${BUILD}"`,
    );
  }
}

/** The instruction set, SPARSE_ROBUST_TARGET or else the best of this machine, and the number of threads. */
export function chooseMachine(addon: Addon, threads?: number): Machine {
  const count = threads ?? availableParallelism();
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new UsageError(`threads is ${count}; it must be an integer from 1 to 1024`);
  }
  return { target: chooseTarget(addon), threads: count };
}

/** True where SPARSE_ROBUST_TARGET decided. */
export function isTargetForced(): boolean {
  return (process.env.SPARSE_ROBUST_TARGET ?? "") !== "";
}

function chooseTarget(addon: Addon): string {
  try {
    return addon.describe(process.env.SPARSE_ROBUST_TARGET ?? "").target;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
