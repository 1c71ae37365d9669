/** How many images go through the network at once where `--batch-size` leaves it open: as many as are worth it and fit. */
import { freemem } from "node:os";
import { ResourceError } from "../core/errors.js";
import type { Inference } from "../engines/engine.js";
import type { Network } from "../models/network.js";
import { inferShapes } from "../models/shapes.js";

/** Enough to keep every core busy; what short evaluations take without a measurement. */
const USUAL = 128;

/** Tried one after the other while each is faster than the one before. */
const CANDIDATES = [USUAL, 256, 512];

/** Gain in images a second that a larger batch must bring. */
const WORTH = 1.05;

/** Share of the free memory that a pass may fill. */
const SHARE = 0.25;

/** Copies of each image that an attack holds beside the network's activations. */
const IMAGE_COPIES = 10;

export interface BatchChoice {
  readonly inference: Inference;
  readonly network: Network;
  /** So many images of the data, [count, height, width, channel]. */
  readonly images: (count: number) => Float32Array;
  /** That will be attacked. */
  readonly samples: number;
  /** Whether the engine may compute in memory that is not this machine's, as that of a graphics card: then gradients are tried too. */
  readonly hasOwnMemory?: boolean;
}

/** Results do not depend on it. Throws ResourceError where the engine has no memory for a single image. */
export function measuredBatch(choice: BatchChoice): number {
  if (!choice.hasOwnMemory) return fastestBatch(choice);
  const usual = fittingBatch(choice, Math.min(USUAL, choice.samples));
  return usual < USUAL ? usual : fittingBatch(choice, fastestBatch(choice));
}

function fastestBatch({ inference, network, images, samples }: BatchChoice): number {
  const most = Math.max(1, Math.floor((SHARE * freemem()) / bytesOfImage(network)));
  const candidates = CANDIDATES.filter((size) => size <= most && size <= samples);
  let best = { size: Math.min(USUAL, most), speed: 0 };
  if (candidates.length < 2) return best.size;
  // The first pass is slower: buffers are made.
  inference.logits(images(USUAL));
  for (const size of candidates) {
    const speed = imagesPerSecond(inference, images(size), size);
    // Of what a graphics card has free, only it can tell: by running out.
    if (speed === null || speed < WORTH * best.speed) break;
    best = { size, speed };
  }
  return best.size;
}

/** The size, or the largest power of two below it for which the engine has memory to go back through the network as well. */
function fittingBatch({ inference, images }: Pick<BatchChoice, "inference" | "images">, size: number): number {
  try {
    inference.inputGradient(images(size), (logits) => new Float32Array(logits.length));
    return size;
  } catch (error) {
    if (!(error instanceof ResourceError) || size === 1) throw error;
    return fittingBatch({ inference, images }, 2 ** Math.floor(Math.log2(size - 1)));
  }
}

/** Null where the engine has too little memory. */
function imagesPerSecond(inference: Inference, images: Float32Array, size: number): number | null {
  const began = performance.now();
  try {
    inference.logits(images);
  } catch (error) {
    if (error instanceof ResourceError) return null;
    throw error;
  }
  return (1000 * size) / Math.max(performance.now() - began, 1e-3);
}

/** Activations and their gradients, in float32, if all of them were kept. */
function bytesOfImage({ graph, input }: Network): number {
  const shapes = [...inferShapes(graph, input).values()];
  const activations = shapes.reduce((sum, shape) => {
    return sum + (shape.flat ? shape.channels : shape.height * shape.width * shape.channels);
  }, 0);
  const [height, width, channels] = input;
  return 4 * (2 * activations + IMAGE_COPIES * height * width * channels);
}
