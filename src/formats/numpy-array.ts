/** NumPy's arrays as its files and pickles describe them: element types by code, either order of axes. */
import type { ElementType } from "./elements.js";

/** The type behind a code such as `|u1`, `<i8` or `>f4`; null where that is no plain number. */
export function parseNumpyType(text: string): ElementType | null {
  const [, order = "", kind = "", digits = ""] = /^([<>|=]?)(b|u|i|f)([1248])$/.exec(text) ?? [];
  const bytes = Number(digits);
  if (kind === "f" && bytes >= 4) return { kind, bytes, isLittleEndian: order !== ">" };
  if (kind === "b" && bytes === 1) return { kind, bytes, isLittleEndian: true };
  return kind === "u" || kind === "i" ? { kind, bytes, isLittleEndian: order !== ">" } : null;
}

/** Elements of a Fortran-order array of bytes, the first axis running fastest, with the last axis running fastest instead. */
export function toRowMajor(bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const steps = fortranSteps(shape);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = bytes[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const step = steps[axis] as number;
      const extent = shape[axis] as number;
      const next = (index[axis] as number) + 1;
      from += step;
      index[axis] = next;
      if (next < extent) break;
      from -= step * extent;
      index[axis] = 0;
    }
  }
  return out;
}

function fortranSteps(shape: readonly number[]): number[] {
  const steps: number[] = [];
  let step = 1;
  for (const extent of shape) {
    steps.push(step);
    step *= extent;
  }
  return steps;
}
