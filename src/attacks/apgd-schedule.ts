/** When Auto-PGD looks at its progress (Croce & Hein 2020, section 3.1, with the published code's rounding). */

/** Shares of all iterations: of the first window, by how much each is shorter than the one before it, and of the shortest. */
const FIRST = 0.22;
const SHORTER = 0.03;
const SHORTEST = 0.06;

/** The length of the window that ends with an iteration (from 0), for each iteration after which a check comes. */
export function progressChecks(steps: number): ReadonlyMap<number, number> {
  const share = (part: number) => Math.max(Math.floor(part * steps), 1);
  const checks = new Map<number, number>();
  let window = share(FIRST);
  for (let last = window - 1; last < steps; last += window) {
    checks.set(last, window);
    window = Math.max(window - share(SHORTER), share(SHORTEST));
  }
  return checks;
}
