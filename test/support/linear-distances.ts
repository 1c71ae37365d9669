/** How far the linear network's images are from its nearest boundary. */
import { inferenceOf } from "./analytic-network.js";
import { linearImages, linearLabels, linearNetwork } from "./golden-networks.js";

const network = linearNetwork({ scale: 1 });

/** min over other classes of the logits' difference / L1 length of its gradient, for each of the 100 images: the Linf distance. */
export function linearDistances(): number[] {
  const logits = inferenceOf(network).logits(linearImages);
  return Array.from(linearLabels, (label, sample) =>
    Math.min(
      ...[0, 1, 2, 3, 4]
        .filter((other) => other !== label)
        .map((other) => (at(logits, sample, label) - at(logits, sample, other)) / reach(label, other)),
    ),
  );
}

const reaches = new Map<string, number>();

function reach(label: number, other: number): number {
  const key = `${label} ${other}`;
  const above = Float32Array.from({ length: 5 }, (_, k) => (k === other ? 1 : k === label ? -1 : 0));
  const known =
    reaches.get(key) ?? network.gradient(linearImages, above).reduce((sum, slope) => sum + Math.abs(slope), 0);
  reaches.set(key, known);
  return known;
}

function at(logits: Float32Array, sample: number, k: number): number {
  return logits[5 * sample + k] ?? 0;
}
