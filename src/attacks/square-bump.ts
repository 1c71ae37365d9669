/** The pattern that the Square attack adds in the L2 and L1 balls: two bumps of opposite sign, one above the other. */

export type BumpNorm = "l2" | "l1";

/** Side² values, row by row, of length 1 (Andriushchenko et al. 2020, equation 2 and figure 3; for L1 Croce & Hein 2021, section 4). */
export function doubleBump(side: number, norm: BumpNorm): Float64Array {
  const above = Math.floor(side / 2);
  const pattern = new Float64Array(side * side);
  pattern.set(bump(above, side, norm));
  pattern.set(
    bump(side - above, side, norm).map((value) => -value),
    above * side,
  );
  return scaledToLength1(pattern, norm);
}

/**
 * Squares around the centre, of side 1, 3, 5 … on top of each other in a rectangle; of length 1. Their heights are 1, 1/2, 1/3 … squared,
 * in L1 to the fourth power.
 */
export function bump(height: number, width: number, norm: BumpNorm): Float64Array {
  const power = norm === "l2" ? 2 : 4;
  const [middleRow, middleColumn] = [Math.floor(height / 2), Math.floor(width / 2)];
  const values = new Float64Array(height * width);
  for (let reach = 0; reach <= Math.max(middleRow, middleColumn); reach++) {
    for (let i = 0; i < values.length; i++) {
      const [row, column] = [Math.floor(i / width), i % width];
      const isInside = Math.abs(row - middleRow) <= reach && Math.abs(column - middleColumn) <= reach;
      if (isInside) values[i] = (values[i] as number) + 1 / (reach + 1) ** power;
    }
  }
  return scaledToLength1(values, norm);
}

function scaledToLength1(values: Float64Array, norm: BumpNorm): Float64Array {
  const energy = values.reduce((sum, value) => sum + (norm === "l2" ? value * value : Math.abs(value)), 0);
  const length = norm === "l2" ? Math.sqrt(energy) : energy;
  return length === 0 ? values : values.map((value) => value / length);
}
