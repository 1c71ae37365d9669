/**
 * Two networks of sines and cosines with values that public attack libraries (AutoAttack, Foolbox) computed on them: a smooth
 * one of 12 inputs and 5 classes, and a linear one of 8×8×3 inputs and 5 classes.
 */
import { predictions } from "../../src/losses/predictions.js";
import type { AnalyticNetwork } from "./analytic-network.js";

const { cos, sin, tanh } = Math;

const weights = Float64Array.from({ length: 960 }, (_, n) => {
  const i = Math.floor(n / 5);
  return 0.08 * sin(1 + (i + 1) * (0.83 + 0.61 * (n % 5)) + 0.017 * i * i);
});

/** tanh(v W1 + b1) W2 with 8 hidden units, in double. */
export const smoothNetwork: AnalyticNetwork = {
  input: [1, 12, 1],
  classes: 5,
  logits: (image) => logitsFrom(hiddenUnits(image)),
  gradient(image, above) {
    const slopes = hiddenUnits(image).map((h, j) => (1 - h * h) * sum(5, (k) => outputWeight(j, k) * (above[k] ?? 0)));
    return Float64Array.from({ length: 12 }, (_, i) => sum(8, (j) => hiddenWeight(i, j) * (slopes[j] ?? 0)));
  },
};

export const smoothLabels = Int32Array.of(0, 4, 4);

/** Three images, 0.5 + 0.35 sin(1.1 i + b). */
export const smoothImages = Float32Array.from({ length: 36 }, (_, n) => 0.5 + 0.35 * sin(1.1 * (n % 12) + imageOf(n)));

/** The published start of the ascent in the L∞ ball: x + epsilon t / max|t|, clipped. */
export function smoothStart(epsilon: number): Float32Array {
  return smoothStartOf(epsilon, (noise) => Math.max(...noise.map(Math.abs)));
}

/** The published start in the L2 ball: x + epsilon t / |t|, clipped. */
export function smoothSphereStart(epsilon: number): Float32Array {
  return smoothStartOf(epsilon, (noise) => Math.hypot(...noise));
}

function smoothStartOf(epsilon: number, lengthOf: (noise: number[]) => number): Float32Array {
  const noise = Array.from({ length: 36 }, (_, n) => sin(2.3 * (n % 12) + 0.5 + imageOf(n)));
  const lengths = [0, 1, 2].map((b) => lengthOf(noise.slice(12 * b, 12 * b + 12)));
  return smoothImages.map((x, n) => clip(x + (epsilon * (noise[n] ?? 0)) / (lengths[imageOf(n)] ?? 1)));
}

/** Logits (v - 0.5) W, times `scale`; with `levels` the pixels are rounded to that many levels first, which kills the gradient. */
export function linearNetwork(options: { readonly scale: number; readonly levels?: number }): AnalyticNetwork {
  const { scale, levels } = options;
  const seen = (pixel: number) => (levels === undefined ? pixel : Math.round(pixel * levels) / levels);
  return {
    input: [8, 8, 3],
    classes: 5,
    logits: (image) =>
      Float64Array.from(
        { length: 5 },
        (_, k) => scale * sum(192, (i) => (seen(image[i] ?? 0) - 0.5) * linearWeight(i, k)),
      ),
    gradient: (_, above) =>
      Float64Array.from({ length: 192 }, (_, i) =>
        levels === undefined ? scale * sum(5, (k) => linearWeight(i, k) * (above[k] ?? 0)) : 0,
      ),
  };
}

/** 100 images, 0.5 + 0.25 sin(0.5 + 0.71 (b + 1)(i + 1) + 0.013 i²). */
export const linearImages = Float32Array.from({ length: 19200 }, (_, n) => {
  const i = n % 192;
  return 0.5 + 0.25 * sin(0.5 + (Math.floor(n / 192) + 1) * 0.71 * (i + 1) + 0.013 * i * i);
});

/** What the linear network itself says of the images. */
export const linearLabels = predictions(
  Float32Array.from({ length: 500 }, (_, n) => {
    const image = linearImages.subarray(192 * Math.floor(n / 5), 192 * Math.floor(n / 5) + 192);
    return sum(192, (i) => ((image[i] ?? 0) - 0.5) * linearWeight(i, n % 5));
  }),
  5,
);

function linearWeight(i: number, k: number): number {
  return weights[5 * i + k] ?? 0;
}

function hiddenUnits(image: Float32Array): number[] {
  return Array.from({ length: 8 }, (_, j) => tanh(0.1 * cos(j) + sum(12, (i) => (image[i] ?? 0) * hiddenWeight(i, j))));
}

function logitsFrom(hidden: number[]): Float64Array {
  return Float64Array.from({ length: 5 }, (_, k) => sum(8, (j) => (hidden[j] ?? 0) * outputWeight(j, k)));
}

function hiddenWeight(i: number, j: number): number {
  return 0.8 * sin(0.7 * (i + 1) * (j + 1));
}

function outputWeight(j: number, k: number): number {
  return 1.5 * cos(0.9 * (j + 1) + 1.3 * k * (j + 2));
}

function imageOf(n: number): number {
  return Math.floor(n / 12);
}

function clip(pixel: number): number {
  return Math.min(1, Math.max(0, pixel));
}

function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}
