/** Random changes of training images: sub-pixel shifts, or crops from a padded image; both with a mirror half the time. */
import { type Stream, stream } from "../core/rng.js";

export type Augmentation = "shift" | "crop" | "none";

/** Which images are mirrored: half of them, or none, where sides mean something as in digits. */
export type Mirroring = "half" | "never";

/** Height, width, channels. */
type ImageShape = readonly [number, number, number];

export interface AugmentOptions {
  readonly kind: Augmentation;
  readonly mirror?: Mirroring;
  readonly seed: number;
  readonly epoch: number;
  /** Of each image of the batch, its index in the data set: draws belong to the sample, not to its place in a batch. */
  readonly sampleIndices: ArrayLike<number>;
}

/** Images [batch, height, width, channel] in [0, 1], changed and still in [0, 1]; "none" gives `images` itself. */
export function augmentBatch(images: Float32Array, shape: ImageShape, options: AugmentOptions): Float32Array {
  const { kind, seed, epoch, sampleIndices } = options;
  if (kind === "none") return images;
  const size = shape[0] * shape[1] * shape[2];
  const out = new Float32Array(images.length);
  for (let i = 0; i < sampleIndices.length; i++) {
    const draws = stream(seed, "augment", epoch, sampleIndices[i] ?? 0);
    const image = images.subarray(i * size, (i + 1) * size);
    const target = out.subarray(i * size, (i + 1) * size);
    const drawn = kind === "shift" ? drawShift(draws, shape) : drawCrop(draws);
    const move = { shape, ...drawn, isMirrored: drawn.isMirrored && options.mirror !== "never" };
    if (kind === "shift") shiftInto(target, image, move);
    else cropInto(target, image, move);
  }
  return out;
}

/** Share of the side by which a shift may move an image, either way: 3.2 pixels of 32. */
const SHIFT_SHARE = 0.1;

/** Uniform and continuous, so an image is resampled between its pixels (Keras's `width_shift_range`). */
export function drawShift(draws: Stream, [height, width]: ImageShape) {
  const rows = SHIFT_SHARE * height * (2 * draws.uniform() - 1);
  const columns = SHIFT_SHARE * width * (2 * draws.uniform() - 1);
  return { rows, columns, isMirrored: draws.uniform() < 0.5 };
}

/** Zeros around an image before a crop of its own size is taken from it. */
const CROP_MARGIN = 4;

/** Whole pixels from -4 to 4. */
function drawCrop(draws: Stream) {
  const rows = draws.integer(2 * CROP_MARGIN + 1) - CROP_MARGIN;
  const columns = draws.integer(2 * CROP_MARGIN + 1) - CROP_MARGIN;
  return { rows, columns, isMirrored: draws.uniform() < 0.5 };
}

interface Move {
  readonly shape: ImageShape;
  /** The new pixel (r, c) is what was at (r + rows, c + columns). */
  readonly rows: number;
  readonly columns: number;
  /** Left-right, after the move. */
  readonly isMirrored: boolean;
}

/** Bilinear interpolation at coordinates clamped to the image, in double and rounded once. */
export function shiftInto(out: Float32Array, image: Float32Array, { shape, rows, columns, isMirrored }: Move): void {
  const [height, width, channels] = shape;
  const across = taps(width, columns);
  const down = taps(height, rows);
  for (let r = 0; r < height; r++) {
    const upper = (down.first[r] as number) * width;
    const lower = (down.second[r] as number) * width;
    const v = down.fraction[r] as number;
    for (let c = 0; c < width; c++) {
      const left = across.first[c] as number;
      const right = across.second[c] as number;
      const u = across.fraction[c] as number;
      const target = (r * width + (isMirrored ? width - 1 - c : c)) * channels;
      for (let k = 0; k < channels; k++) {
        const above = mix(
          image[(upper + left) * channels + k] as number,
          image[(upper + right) * channels + k] as number,
          u,
        );
        const below = mix(
          image[(lower + left) * channels + k] as number,
          image[(lower + right) * channels + k] as number,
          u,
        );
        out[target + k] = mix(above, below, v);
      }
    }
  }
}

/** For each position along a side: the two old positions that it lies between, and how far from the first. */
function taps(size: number, shift: number) {
  const first = new Int32Array(size);
  const second = new Int32Array(size);
  const fraction = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const place = Math.min(Math.max(i + shift, 0), size - 1);
    const floor = Math.floor(place);
    first[i] = floor;
    second[i] = Math.min(floor + 1, size - 1);
    fraction[i] = place - floor;
  }
  return { first, second, fraction };
}

function mix(a: number, b: number, share: number): number {
  return (1 - share) * a + share * b;
}

/** Moved by whole pixels, zero where nothing was. */
export function cropInto(out: Float32Array, image: Float32Array, { shape, rows, columns, isMirrored }: Move): void {
  const [height, width, channels] = shape;
  out.fill(0);
  for (let r = Math.max(0, -rows); r < Math.min(height, height - rows); r++) {
    for (let c = Math.max(0, -columns); c < Math.min(width, width - columns); c++) {
      const from = ((r + rows) * width + c + columns) * channels;
      const to = (r * width + (isMirrored ? width - 1 - c : c)) * channels;
      for (let k = 0; k < channels; k++) out[to + k] = image[from + k] as number;
    }
  }
}
