/**
 * Deep rewiring (Bellec et al. 2018), the method's ancestor: descent on theta with an explicit L1 pull and noise of its own,
 * then as many dormant connections drawn back as were lost, over layers in proportion to size times target density.
 */
import { type ConnectivitySamplingOptions, connectivitySampling } from "./connectivity-sampling.js";
import type { Update } from "./update.js";

/** Theta of a connection loses this times the learning rate at each step. */
export const L1_PULL = 1e-5;

/** Deviation of the noise over the learning rate. */
export const DEEP_REWIRING_NOISE = 1e-5;

/** `split` holds the layers' targets, N_l p_l. Plain descent is momentum 0 with rates whose weight decay is 0. */
export function deepRewiring(options: Omit<ConnectivitySamplingOptions, "pull">): Update {
  return connectivitySampling({ ...options, pull: L1_PULL });
}
