#!/usr/bin/env node
// Turns ti_500K_pseudo_labeled.pickle, read as data and never run, into a folder that --rst-data takes and that opens faster:
//   node scripts/convert-tiny-images.js ti_500K_pseudo_labeled.pickle DIR [SAMPLES]
// DIR/train/images.npy [sample, row, column, channel] and labels.npy, both bytes, and classes.txt. SAMPLES: 500000 unless given.
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { readTinyImages } from "../dist/src/data/tiny-images.js";

const [path, folder, samples] = process.argv.slice(2);

try {
  if (folder === undefined) throw new Error("usage: convert-tiny-images.js FILE.pickle DIR [SAMPLES]");
  const place = join(folder, "train");
  if (existsSync(place)) throw new Error(`${place}: exists; name another folder`);
  const set = await readTinyImages(path, ...(samples === undefined ? [] : [Number(samples)]));
  mkdirSync(place, { recursive: true });
  writeArray(join(place, "images.npy"), [set.samples, set.height, set.width, set.channels], set.pixels);
  writeArray(join(place, "labels.npy"), [set.samples], set.labels);
  writeFileSync(join(folder, "classes.txt"), `${set.classes.join("\n")}\n`);
  console.error(`${place}: ${set.samples} images; train with --objective rst --rst-data ${folder}`);
} catch (error) {
  console.error(`convert-tiny-images: ${error.message}`);
  process.exitCode = 2;
}

/** NumPy's format, version 1: the array begins at a multiple of 64. */
function writeArray(file, shape, bytes) {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.map((extent) => `${extent},`).join(" ")}), }`;
  const padded = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${padded}`, "latin1");
  head.writeUInt16LE(padded.length, 8);
  const out = openSync(file, "wx");
  for (const part of [head, bytes])
    for (let at = 0; at < part.length; ) at += writeSync(out, part, at, Math.min(part.length - at, 2 ** 26));
  closeSync(out);
}
