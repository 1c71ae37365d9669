/** Signs of gradient masking: weaker attacks that do better than they should beside stronger ones. */
import type { Column, Row } from "./comparison.js";

/** Largest believable difference of two accuracies, in points, with the attacks in the order weak, strong. */
const limits: readonly { readonly weak: RegExp; readonly strong: RegExp; readonly points: number }[] = [
  { weak: /^fgsm$/, strong: /^pgd50(x\d+)?$/, points: 25 },
  { weak: /^pgd50(x\d+)?$/, strong: /^pgd100(x\d+)?$/, points: 2 },
  { weak: /^pgd50(x\d+)?$/, strong: /^aa$/, points: 8 },
];

/** A sentence for each pair of results at one radius that stands too far apart, or the wrong way round, for each network. */
export function maskingAlarms(columns: readonly Column[], rows: readonly Row[]): readonly string[] {
  return columns.flatMap(({ label, published }, column) => {
    const results = rows.flatMap(({ attack, source, title, cells }): readonly Result[] => {
      const accuracy = cells[column]?.accuracy;
      return accuracy === undefined ? [] : [{ ...attack, source, title, accuracy }];
    });
    const own = results.filter(({ source }) => source === null);
    const transferred = results.filter(({ source }) => source !== null);
    const where = published === null ? label : `${label} (published)`;
    return [...apart(own), ...strongerElsewhere(own, transferred)].map((flaw) => `${where}: ${flaw}`);
  });
}

interface Result extends Pick<Row, "source" | "title"> {
  readonly name: string;
  readonly norm: string;
  readonly epsilon: number;
  readonly accuracy: number;
}

function apart(own: readonly Result[]): readonly string[] {
  return limits.flatMap(({ weak, strong, points }) =>
    pairs(own, own).flatMap(([first, second]) => {
      const difference = 100 * (first.accuracy - second.accuracy);
      if (!weak.test(first.name) || !strong.test(second.name) || difference <= points) return [];
      return [
        `${first.name} leaves ${difference.toFixed(1)} points more than ${second.name} (more than ${points} is a sign of gradient masking).`,
      ];
    }),
  );
}

/** An attack whose images come from another network, where it leaves less than the same attack on the network itself. */
function strongerElsewhere(own: readonly Result[], transferred: readonly Result[]): readonly string[] {
  return pairs(transferred, own).flatMap(([theirs, mine]) => {
    const difference = 100 * (mine.accuracy - theirs.accuracy);
    if (theirs.name !== mine.name || difference <= 0) return [];
    return [
      `${theirs.title} leaves ${difference.toFixed(1)} points less than ${mine.title} on the network itself (images of another network that are the stronger attack are a sign of gradient masking).`,
    ];
  });
}

/** In one ball. */
function pairs(first: readonly Result[], second: readonly Result[]): readonly (readonly [Result, Result])[] {
  return first.flatMap((one) =>
    second
      .filter(({ norm, epsilon }) => norm === one.norm && epsilon === one.epsilon)
      .map((other) => [one, other] as const),
  );
}
