/** The memory that the half million pseudo-labelled images of robust self-training take, as sparse-train reads them. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PickleWriter } from "../support/pickle-file.js";
import { print, record, rounded } from "./output.js";
import type { Verdict } from "./verdicts.js";

const SAMPLES = 500_000;
const IMAGE_BYTES = 32 * 32 * 3;
/** Beside the pixels. */
const MOST_MIB = 300;

export function reportPseudoLabelledMemory(): Verdict[] {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const path = join(folder, "ti_500K_pseudo_labeled.pickle");
    writePickle(path);
    const reader = fileURLToPath(new URL("read-tiny-images.js", import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [reader, path], { encoding: "utf8" });
    if (status !== 0) throw new Error(`reading ${path} ended with ${status}: ${stderr}`);
    return [report(Number(stdout), statSync(path).size)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(bytes: number, fileBytes: number): Verdict {
  const pixels = SAMPLES * IMAGE_BYTES;
  const found = (bytes - pixels) / 2 ** 20;
  print("\n## The pseudo-labelled images of robust self-training\n");
  print(
    `A file of ${rounded(fileBytes / 2 ** 20, 0)} MiB: peak memory ${rounded(bytes / 2 ** 20, 0)} MiB, ` +
      `${rounded(found, 0)} more than its pixels.`,
  );
  record("pseudo-labelled-memory", { value: bytes, unit: "bytes", config: { samples: SAMPLES, pixels, fileBytes } });
  const what = "memory of 500,000 pseudo-labelled images beyond their pixels";
  return { what, sense: "at most", must: MOST_MIB, found, unit: "MiB" };
}

/** As NumPy and Python 3 write it, pixel by pixel without ever holding the whole: the writer frames an empty array. */
function writePickle(path: string): void {
  const writer = new PickleWriter("3");
  const labels = new Uint8Array(8 * SAMPLES);
  for (let i = 0; i < SAMPLES; i++) labels[8 * i] = i % 10;
  const targets = writer.array({ shape: [SAMPLES], type: "i8", order: "<", bytes: labels });
  const images = writer.array({ shape: [SAMPLES, 32, 32, 3], type: "u1", bytes: new Uint8Array(0) });
  const dict = [writer.text("extrapolated_targets"), targets, writer.text("data"), images] as const;
  const whole = writer.file(writer.dict([[dict[0], dict[1]], [dict[2], dict[3]]])); // biome-ignore format: a table
  const at = whole.lastIndexOf(Buffer.from([0x42, 0, 0, 0, 0]));
  if (at < 0) throw new Error("the pickle has no place for the pixels");
  const length = Buffer.alloc(5);
  length.write("B");
  length.writeUInt32LE(SAMPLES * IMAGE_BYTES, 1);
  const file = openSync(path, "w");
  try {
    writeSync(file, whole.subarray(0, at));
    writeSync(file, length);
    const images = Buffer.from({ length: 1000 * IMAGE_BYTES }).map((_, i) => Math.imul(i, 2654435761) >>> 24);
    for (let written = 0; written < SAMPLES; written += 1000) writeSync(file, images);
    writeSync(file, whole.subarray(at + length.length));
  } finally {
    closeSync(file);
  }
}
