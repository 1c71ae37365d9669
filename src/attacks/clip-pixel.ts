/** Back into the range of pixels. */

export function clipPixel(pixel: number, [low, high]: readonly [number, number]): number {
  if (pixel < low) return low;
  return pixel > high ? high : pixel;
}
