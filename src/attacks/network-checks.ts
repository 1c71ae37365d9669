/**
 * Checks of the network itself, before any attack: is it the fixed function that attacks by gradient take it for? (Croce et al.
 * 2022, "Evaluating the adversarial robustness of adaptive test-time defenses", and AutoAttack's flags.)
 */
import type { Inference } from "../engines/engine.js";
import { crossEntropy } from "../losses/cross-entropy.js";
import type { Labels } from "../losses/loss.js";
import { predictions } from "../losses/predictions.js";
import type { ReliabilityCheck } from "./reliability.js";

/** Most images that the checks look at. */
export const PROBED = 32;

const REPEATS = 5;

/** L2 distance of logits of length 1 that rounding does not reach. */
const TOLERANCE = 1e-4;

export interface Probe {
  readonly inference: Inference;
  /** [batch, height, width, channel], a few. */
  readonly images: Float32Array;
  readonly labels: Labels;
  /** For signals. */
  readonly pause: () => Promise<void>;
}

/** The checks that fail, at most one of those that one cause would trip together. Awaits `pause` after every engine call. */
export async function checkNetwork(probe: Probe): Promise<ReliabilityCheck[]> {
  const { inference, images, labels, pause } = probe;
  const { classes } = inference;
  const inside = gradientInside(inference, images);
  await pause();
  const random = await randomness(probe);
  if (random.length > 0) return [...inside, ...random];
  const logits = await logitsOf(images, probe);
  const alone = await logitsOf(images.subarray(0, images.length / labels.length), probe);
  inference.inputGradient(images, (outputs) => crossEntropy(outputs, labels, classes).gradient);
  await pause();
  const afterwards = await logitsOf(images, probe);
  const byBatch = batchDependence(distance(alone, logits.subarray(0, classes), classes));
  const byHistory = statefulness(distance(afterwards, logits, classes));
  return [...inside, ...byBatch, ...byHistory];
}

async function logitsOf(images: Float32Array, { inference, pause }: Probe): Promise<Float32Array> {
  const logits = inference.logits(images);
  await pause();
  return logits;
}

/** Whether a plain forward pass asks for a gradient: the defence would optimise at inference, and attacks must know of it. */
function gradientInside(inference: Inference, images: Float32Array): ReliabilityCheck[] {
  const { inputGradient, ascend } = inference;
  let calls = 0;
  // Methods of the object itself, for the time of one pass, so that the network's own calls are seen.
  inference.inputGradient = (...problem) => {
    calls++;
    return inputGradient.apply(inference, problem);
  };
  inference.ascend = (problem) => {
    calls++;
    return ascend.call(inference, problem);
  };
  try {
    inference.logits(images);
  } finally {
    Object.assign(inference, { inputGradient, ascend });
  }
  if (calls === 0) return [];
  const message = "the network optimises while it classifies: attacks that do not know of it find too little";
  return [{ check: "gradient-inside", value: calls, message }];
}

async function randomness(probe: Probe): Promise<ReliabilityCheck[]> {
  const { classes } = probe.inference;
  const { images, labels } = probe;
  const passes: Float32Array[] = [];
  for (let pass = 0; pass < REPEATS; pass++) passes.push(await logitsOf(images, probe));
  const correct = new Set(passes.map((logits) => countCorrect(predictions(logits, classes), labels)));
  const pairs = passes.flatMap((one, i) => passes.slice(i + 1).map((other) => distance(one, other, classes)));
  const largest = Math.max(...pairs);
  if (correct.size === 1 && !(largest > TOLERANCE)) return [];
  const message = "the same images give other logits each time: the network is random; attack it with aa-rand";
  return [{ check: "randomised", value: largest, message }];
}

function batchDependence(value: number): ReliabilityCheck[] {
  if (!(value > TOLERANCE)) return [];
  const message = "an image gives other logits alone than among others: no result means anything";
  return [{ check: "batch-dependent", value, message }];
}

function statefulness(value: number): ReliabilityCheck[] {
  if (!(value > TOLERANCE)) return [];
  const message = "a gradient changed what the network answers afterwards: results depend on what was asked before";
  return [{ check: "stateful", value, message }];
}

/** The largest L2 distance between two rows of logits [batch, classes], each divided by its length. */
function distance(one: Float32Array, other: Float32Array, classes: number): number {
  let largest = 0;
  for (let from = 0; from < one.length; from += classes) {
    const [a, b] = [one.subarray(from, from + classes), other.subarray(from, from + classes)];
    const [lengthA, lengthB] = [Math.hypot(...a) + 1e-10, Math.hypot(...b) + 1e-10];
    const apart = Math.hypot(...a.map((value, k) => value / lengthA - (b[k] ?? Number.NaN) / lengthB));
    largest = Math.max(largest, apart);
  }
  return largest;
}

function countCorrect(predicted: Int32Array, labels: Labels): number {
  return predicted.reduce((sum, label, i) => sum + (label === labels[i] ? 1 : 0), 0);
}
