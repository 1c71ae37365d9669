/** Labelled inputs read a batch at a time: what a training run draws from and what it is judged on. */

export interface Samples {
  /** How many there are; indices run from 0. */
  readonly size: number;
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  readonly labels: Uint8Array;
  /** Inputs [indices.length, height, width, channel] at these indices, unaugmented. */
  read(indices: Uint32Array): Float32Array;
}

/** Random changes of a training batch, the same for one (epoch, sample) whatever batch it sits in. Epochs count from 0. */
export type Augment = (images: Float32Array, epoch: number, indices: Uint32Array) => Float32Array;

/** A part of `samples`, renumbered from 0. */
export function sliceSamples(samples: Samples, from: number, to: number): Samples {
  return {
    size: to - from,
    shape: samples.shape,
    labels: samples.labels.subarray(from, to),
    read: (indices) => samples.read(indices.map((index) => index + from)),
  };
}

/** Labels at `indices`, in that order. */
export function labelsAt(samples: Samples, indices: Uint32Array): Uint8Array {
  return Uint8Array.from(indices, (index) => samples.labels[index] ?? 0);
}
