/** An SVG as PNG, by Skia: no browser. */
import { UsageError } from "../../core/errors.js";

/** Twice the CSS size, sharp on screens and in print. UsageError where the optional package is not installed. */
const SCALE = 2;

export async function pngOf(svg: string, size: { readonly width: number; readonly height: number }): Promise<Buffer> {
  const { createCanvas, loadImage } = await skia();
  const canvas = createCanvas(SCALE * size.width, SCALE * size.height);
  const image = await loadImage(Buffer.from(svg));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.encode("png");
}

async function skia() {
  try {
    return await import("@napi-rs/canvas");
  } catch {
    throw new UsageError(
      "a PNG needs the optional package @napi-rs/canvas (npm install @napi-rs/canvas); an SVG does not",
    );
  }
}
