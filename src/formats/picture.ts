/** A picture to draw images and captions on, and its PNG file. */
import { PNG } from "pngjs";
import { LETTER_HEIGHT, LETTER_WIDTH, letterPixels } from "./pixel-letters.js";

/** Red, green, blue, each 0 to 255. */
export type Colour = readonly [number, number, number];

/** What is drawn, with values in [0, 1]; outside of it they are cut. */
export interface DrawnImage {
  readonly height: number;
  readonly width: number;
  /** 1 is drawn in grey, 3 in colours; of any other number the first. */
  readonly channels: number;
  /** [height, width, channel] */
  readonly values: Float32Array;
}

export class Picture {
  readonly #png: PNG;

  constructor(width: number, height: number, background: Colour = [255, 255, 255]) {
    this.#png = new PNG({ width, height, colorType: 2 });
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) this.#set(x, y, background);
  }

  /** Each pixel of the image becomes a square of `scale`. */
  image(left: number, top: number, scale: number, image: DrawnImage): void {
    const { height, width, channels, values } = image;
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const at = (Math.floor(y / scale) * width + Math.floor(x / scale)) * channels;
        const [red, green, blue] = channels === 3 ? [0, 1, 2] : [0, 0, 0];
        this.#set(left + x, top + y, [toByte(values[at + red]), toByte(values[at + green]), toByte(values[at + blue])]);
      }
    }
  }

  /** One line of text; each of its pixels is a square of `scale`. */
  text(left: number, top: number, line: string, { scale, colour }: { scale: number; colour: Colour }): void {
    for (const [i, letter] of [...line].entries()) {
      for (const [y, row] of letterPixels(letter).entries()) {
        for (const [x, isInk] of row.entries()) {
          if (!isInk) continue;
          this.#square(left + scale * (i * LETTER_ADVANCE + x), top + scale * y, scale, colour);
        }
      }
    }
  }

  /** The file's bytes. */
  png(): Uint8Array {
    return PNG.sync.write(this.#png, { colorType: 2 });
  }

  #square(left: number, top: number, size: number, colour: Colour): void {
    for (let y = top; y < top + size; y++) for (let x = left; x < left + size; x++) this.#set(x, y, colour);
  }

  #set(x: number, y: number, [red, green, blue]: Colour): void {
    const { width, height, data } = this.#png;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const at = 4 * (y * width + x);
    data[at] = red;
    data[at + 1] = green;
    data[at + 2] = blue;
    data[at + 3] = 255;
  }
}

/** From one letter to the next, and from one line to the next, in pixels of scale 1. */
export const LETTER_ADVANCE = LETTER_WIDTH + 1;
export const LINE_ADVANCE = LETTER_HEIGHT + 3;

function toByte(value = 0): number {
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
