/** An accuracy as the figures mark it: in percent, with what surrounds it, in the colour and symbol of its network. */
import type { Cell, Column } from "../comparison.js";
import type { NetworkKey } from "./canvas.js";

export interface AccuracyPoint {
  readonly colour: string;
  readonly symbol: string;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/** Of several seeds the mean, between one standard deviation and the other; a published number stands without bounds. */
export function accuracyPoint({ accuracy, interval, spread }: Cell, { colour, symbol }: NetworkKey): AccuracyPoint {
  const deviation = spread?.deviation ?? 0;
  const { low, high } = interval ?? { low: accuracy - deviation, high: accuracy + deviation };
  return { colour, symbol, accuracy: 100 * accuracy, low: 100 * low, high: 100 * high };
}

/** What stands around the points, for captions. */
export function boundsText(columns: readonly Column[]): string {
  const isSpread = columns.some(({ networks }) => networks.length > 1);
  return `95% intervals${isSpread ? ", over seeds ± their standard deviation" : ""}`;
}
