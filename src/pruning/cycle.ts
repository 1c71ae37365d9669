/** The equal parts that the ADMM stage is cut into. */

export interface Cycles {
  readonly cycles: number;
  /** Of the stage. */
  readonly steps: number;
}

/** Which part of the stage a step belongs to, both from 0. */
export function cycleOf(step: number, { cycles, steps }: Cycles): number {
  return Math.floor((step * cycles) / steps);
}
