/** Signs of gradient masking: weaker attacks that do better than they should beside stronger ones. */
import type { Column } from "./comparison.js";

/** Largest believable difference of two accuracies, in points, with the attacks in the order weak, strong. */
const limits: readonly { readonly weak: RegExp; readonly strong: RegExp; readonly points: number }[] = [
  { weak: /^fgsm$/, strong: /^pgd50(x\d+)?$/, points: 25 },
  { weak: /^pgd50(x\d+)?$/, strong: /^pgd100(x\d+)?$/, points: 2 },
  { weak: /^pgd50(x\d+)?$/, strong: /^aa$/, points: 8 },
];

/** A sentence for each pair of attacks at one radius that stands too far apart. */
export function maskingAlarms({ label, network }: Column): readonly string[] {
  const results = [...network.results.values()].filter(({ samples }) => samples > 0);
  return limits.flatMap(({ weak, strong, points }) =>
    results.flatMap((first) =>
      results.flatMap((second) => {
        const isPair = weak.test(first.name) && strong.test(second.name);
        const isSameBall = first.norm === second.norm && first.epsilon === second.epsilon;
        const apart = 100 * (first.correct / first.samples - second.correct / second.samples);
        if (!isPair || !isSameBall || apart <= points) return [];
        return [
          `${label}: ${first.name} leaves ${apart.toFixed(1)} points more than ${second.name} (more than ${points} is a sign of gradient masking).`,
        ];
      }),
    ),
  );
}
