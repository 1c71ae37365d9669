/** HYDRA's learning rate: a cosine over the epochs of a stage, shifted by one epoch as its reference code has it. */

/**
 * Rate of epoch `epoch` (from 0) of `epochs`: peak * (1 + cos(pi * (epoch - 1) / epochs)) / 2, so that epoch 1, not 0, has the
 * peak. A stage of a single epoch takes the peak, where the formula gives 0.
 */
export function cosineRate(peak: number, epoch: number, epochs: number): number {
  if (epochs === 1) return peak;
  return peak * 0.5 * (1 + Math.cos((Math.PI * (epoch - 1)) / epochs));
}
