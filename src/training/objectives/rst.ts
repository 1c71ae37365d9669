/**
 * Robust self-training (Carmon et al. 2019): TRADES on batches that hold pseudo-labelled images beside labelled ones. The mixture is
 * the batch source's; here all images count alike, and means are over as many as there are.
 */
import type { Objective } from "./objective.js";
import { type TradesOptions, tradesObjective } from "./trades.js";

/** min mean CE(f(x), y) + beta/B · sum KL(f(x) || f(x~)) over labelled and pseudo-labelled (x, y). */
export function rstObjective(options: TradesOptions): Objective {
  return { ...tradesObjective(options), name: "rst" };
}
