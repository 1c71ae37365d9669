/**
 * Ops of TensorFlow's oneDNN kernels for x86 that its own graphs use and single ops do not reach: the bias added inside the
 * convolution, and max pooling that remembers where the maxima were.
 */
import type { Device, Tensor } from "./device.js";
import {
  type ConvWindows,
  convAttributes,
  convShape,
  type PoolWindows,
  poolAttributes,
  poolShape,
} from "./operations.js";

/** The kernels' mark in TensorFlow's registry; graphs get it when they are rewritten. */
const kernel = { _kernel: { text: "MklNameChangeOp" } } as const;
const remembers = { workspace_enabled: { flag: true } } as const;

/** conv(input, kernel) + bias [channel]; for windows without zeros on all four sides. */
export function convWithBias(
  device: Device,
  { input, kernel: weights, bias }: { input: Tensor; kernel: Tensor; bias: Tensor },
  windows: ConvWindows,
): Tensor {
  device.reserve(convShape(input, weights, windows));
  return device.run("_MklNativeConv2DWithBias", [input, weights, bias], { ...convAttributes(windows), ...kernel });
}

/** The maxima, and where they were. */
export function rememberingMaxPool(device: Device, input: Tensor, windows: PoolWindows): Tensor[] {
  device.reserve(poolShape(input, windows));
  const attributes = { ...poolAttributes(windows), ...kernel, ...remembers };
  return device.runAll("_MklNativeMaxPool", [input], { attributes, outputs: 2 });
}

export function rememberedMaxPoolGradient(
  device: Device,
  { input, output, gradient, places }: { input: Tensor; output: Tensor; gradient: Tensor; places: Tensor },
  windows: PoolWindows,
): Tensor {
  device.reserve(input.shape);
  const attributes = { ...poolAttributes(windows), ...kernel, ...remembers };
  return device.run("_MklNativeMaxPoolGrad", [input, output, gradient, places], attributes);
}

const known = new WeakMap<Device, boolean>();

/** Whether they are there, tried on one image of 2×2 when first asked; not on a card, nor where the user turned oneDNN off. */
export function hasOneDnn(device: Device): boolean {
  const found = known.get(device) ?? findOneDnn(device);
  known.set(device, found);
  return found;
}

function findOneDnn(device: Device): boolean {
  if (device.isGpu || process.env.TF_ENABLE_ONEDNN_OPTS === "0") return false;
  try {
    return device.scope(() => triedOn(device));
  } catch {
    return false;
  }
}

function triedOn(device: Device): boolean {
  const image = device.upload(Float32Array.of(1, 4, 2, 3), [1, 2, 2, 1]);
  const weights = device.upload(Float32Array.of(2), [1, 1, 1, 1]);
  const bias = device.upload(Float32Array.of(1), [1]);
  const input = convWithBias(device, { input: image, kernel: weights, bias }, { stride: 1, padding: "valid" });
  const windows = { size: [2, 2], stride: 2 } as const;
  const [output, places] = rememberingMaxPool(device, input, windows);
  if (output === undefined || places === undefined) return false;
  const gradient = rememberedMaxPoolGradient(device, { input, output, gradient: output, places }, windows);
  return device.read(gradient).join() === "0,9,0,0";
}
