/** An SVG as PNG, by Skia: no browser. */
import { UsageError } from "../../core/errors.js";
import { FONTS } from "./canvas.js";

/** Twice the CSS size, sharp on screens and in print. UsageError where the optional package is not installed. */
const SCALE = 2;

export async function pngOf(svg: string, size: { readonly width: number; readonly height: number }): Promise<Buffer> {
  const { createCanvas, loadImage, GlobalFonts } = await skia();
  const canvas = createCanvas(SCALE * size.width, SCALE * size.height);
  const drawn = svg.replace(`font-family="${FONTS}"`, `font-family="${fontOf(GlobalFonts.families)}"`);
  const image = await loadImage(Buffer.from(drawn));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.encode("png");
}

/** Skia takes one family, not a list, and draws with serifs where it has not got it. */
function fontOf(families: readonly { readonly family: string }[]): string {
  const names = families.map(({ family }) => family);
  const wanted = [...FONTS.split(",").map((name) => name.replaceAll("'", "")), "Liberation Sans", "Noto Sans"];
  return wanted.find((name) => names.includes(name)) ?? names.find((name) => name.endsWith("Sans")) ?? "sans-serif";
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
