/** The addon of `@tensorflow/tfjs-node-gpu` as it is: one TensorFlow op at a time on tensors known by number. */
import { createRequire } from "node:module";
import { ResourceError } from "../../core/errors.js";
import { type Installation, installedBy } from "./installation.js";

/** A tensor of the addon: on the device, kept until deleted. */
export interface Tensor {
  readonly id: number;
  readonly shape: readonly number[];
}

export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: string | number | boolean | readonly number[];
}

/** What of the addon is used. Types and kinds of attributes are TensorFlow's numbers. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  /** On a CPU the tensor may share the array's memory until it is deleted. */
  createTensor(shape: readonly number[], type: number, values: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | BigInt64Array;
  executeOp(op: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Tensor[];
}

interface Loaded {
  readonly binding: Binding;
  readonly installation: Installation;
  readonly threads: number | undefined;
}

let loaded: Loaded | undefined;

/**
 * Loads TensorFlow once in a process; `threads` and the environment count at the first time only.
 * Throws ResourceError where it is not installed or does not load, with the command that installs it.
 */
export function loadBinding(installation: Installation, threads?: number): Loaded {
  if (loaded !== undefined) return loaded;
  prepareEnvironment(threads);
  try {
    const binding: Binding = createRequire(import.meta.url)(installation.addon);
    loaded = { binding, installation, threads };
    return loaded;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new ResourceError(`the tensorflow engine does not load (${reason}); install it anew with: ${installedBy}`);
  }
}

/** TensorFlow reads these when it is loaded; what the caller has set stays. */
function prepareEnvironment(threads: number | undefined): void {
  const defaults = {
    // Its notes on the machine are for its own developers; errors are still told.
    TF_CPP_MIN_LOG_LEVEL: "2",
    // Otherwise it takes all of a graphics card's memory at once.
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    // A card's 19-bit products are off by 1e-3, more than the two engines may differ.
    NVIDIA_TF32_OVERRIDE: "0",
    ...(threads === undefined ? {} : { TF_NUM_INTRAOP_THREADS: String(threads) }),
  };
  for (const [name, value] of Object.entries(defaults)) process.env[name] ??= value;
}
