/** Signs of gradient masking: weaker attacks that do better than they should beside stronger ones. */
import type { Column, Row } from "./comparison.js";

/** Largest believable difference of two accuracies, in points, with the attacks in the order weak, strong. */
const limits: readonly { readonly weak: RegExp; readonly strong: RegExp; readonly points: number }[] = [
  { weak: /^fgsm$/, strong: /^pgd50(x\d+)?$/, points: 25 },
  { weak: /^pgd50(x\d+)?$/, strong: /^pgd100(x\d+)?$/, points: 2 },
  { weak: /^pgd50(x\d+)?$/, strong: /^aa$/, points: 8 },
];

/** A sentence for each pair of attacks at one radius that stands too far apart, for each network. */
export function maskingAlarms(columns: readonly Column[], rows: readonly Row[]): readonly string[] {
  return columns.flatMap(({ label, published }, column) => {
    const results = rows.flatMap(({ attack, cells }) => {
      const accuracy = cells[column]?.accuracy;
      return accuracy === undefined ? [] : [{ ...attack, accuracy }];
    });
    return limits.flatMap(({ weak, strong, points }) =>
      results.flatMap((first) =>
        results.flatMap((second) => {
          const isPair = weak.test(first.name) && strong.test(second.name);
          const isSameBall = first.norm === second.norm && first.epsilon === second.epsilon;
          const apart = 100 * (first.accuracy - second.accuracy);
          if (!isPair || !isSameBall || apart <= points) return [];
          const where = published === null ? label : `${label} (published)`;
          return [
            `${where}: ${first.name} leaves ${apart.toFixed(1)} points more than ${second.name} (more than ${points} is a sign of gradient masking).`,
          ];
        }),
      ),
    );
  });
}
