/**
 * The field's other ways to move connections: at intervals each layer exchanges its smallest weights for as many others, at
 * random (SET; Mocanu et al. 2018) or where the loss asks for them most (RigL; Evci et al. 2020). Every layer keeps its number.
 */
import { stream } from "../core/rng.js";
import { dropFraction, type Exchange, exchangeAtRandom, exchangeByGradient } from "../sparsity/exchange.js";
import { type DueLayer, type ExchangeSettings, exchangingUpdate } from "./exchanging-update.js";
import type { Update } from "./update.js";

export interface ConnectionExchangeOptions extends ExchangeSettings {
  /** Step of the last exchange at most. */
  readonly end: number;
}

export function connectionExchange(options: ConnectionExchangeOptions): Update {
  return exchangingUpdate({
    ...options,
    rule: "sgdw",
    isDue: (step) => isDue(step, options),
    choose: (due) => chosen(due, options),
  });
}

/** Never at step 0, whose weights are still drawn, nor at every one when they learn. */
function isDue(step: number, { every, end }: ConnectionExchangeOptions): boolean {
  return step > 0 && step % every === 0 && step <= end;
}

function chosen(due: DueLayer, { fraction, end, seed }: ConnectionExchangeOptions): Exchange {
  const { step, layer, kernel, connections, gradient } = due;
  const wanted = Math.trunc(dropFraction(step, { alpha: fraction, end }) * connections.index.length);
  const count = Math.min(wanted, kernel.size - connections.index.length);
  if (gradient !== undefined) return exchangeByGradient(connections, { count, gradient });
  return exchangeAtRandom(connections, { count, size: kernel.size, random: stream(seed, "rewire", step, 1 + layer) });
}
