/** Gradients of losses against finite differences, on random logits of five classes away from ties. */
import { stream } from "../../src/core/rng.js";
import type { LossFunction } from "../../src/losses/loss.js";
import { assertClose } from "./assert-close.js";

const CLASSES = 5;
const SAMPLES = 40;
/** Logits are multiples of this apart, so that a step of half of it swaps none. */
const APART = 0.25;
const STEP = 2 ** -7;

/** Fails unless every entry of the gradient agrees with central differences to 1e-3 of the loss's largest slope. */
export function assertGradient(loss: LossFunction): void {
  const draws = stream(1, "order");
  const labels = Int32Array.from({ length: SAMPLES }, () => draws.integer(CLASSES));
  const rows = Array.from({ length: SAMPLES }, () => distinctLogits(() => draws.integer(24)));
  const logits = Float32Array.from(rows.flat());
  const { gradient } = loss(logits, labels, CLASSES);
  const moved = (i: number, by: number) => loss(logits.with(i, (logits[i] ?? 0) + by), labels, CLASSES).values;
  const differences = Array.from(logits, (_, i) => {
    const sample = Math.floor(i / CLASSES);
    return ((moved(i, STEP)[sample] ?? 0) - (moved(i, -STEP)[sample] ?? 0)) / (2 * STEP);
  });
  const largest = Math.max(...differences.map(Math.abs));
  assertClose(gradient, differences, 1e-3 * largest);
}

function distinctLogits(draw: () => number): number[] {
  const places = new Set<number>();
  while (places.size < CLASSES) places.add(draw());
  return [...places].map((place) => APART * place);
}
