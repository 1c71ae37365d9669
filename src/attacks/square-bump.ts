/** The pattern that the Square attack adds in the L2 ball: two bumps of opposite sign, one above the other. */

/** Side² values, row by row, of length 1 (Andriushchenko et al. 2020, equation 2 and figure 3). */
export function doubleBump(side: number): Float64Array {
  const above = Math.floor(side / 2);
  const pattern = new Float64Array(side * side);
  pattern.set(bump(above, side));
  pattern.set(
    bump(side - above, side).map((value) => -value),
    above * side,
  );
  return scaledToLength1(pattern);
}

/** Squares around the centre, of side 1, 3, 5 … and height 1, 1/4, 1/9 …, on top of each other in a rectangle; of length 1. */
export function bump(height: number, width: number): Float64Array {
  const [middleRow, middleColumn] = [Math.floor(height / 2), Math.floor(width / 2)];
  const values = new Float64Array(height * width);
  for (let reach = 0; reach <= Math.max(middleRow, middleColumn); reach++) {
    for (let i = 0; i < values.length; i++) {
      const [row, column] = [Math.floor(i / width), i % width];
      const isInside = Math.abs(row - middleRow) <= reach && Math.abs(column - middleColumn) <= reach;
      if (isInside) values[i] = (values[i] as number) + 1 / (reach + 1) ** 2;
    }
  }
  return scaledToLength1(values);
}

function scaledToLength1(values: Float64Array): Float64Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? values : values.map((value) => value / length);
}
