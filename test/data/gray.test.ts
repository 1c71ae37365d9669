import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { attackEval } from "../../src/commands/attack-eval.js";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { loadImages } from "../../src/data/catalog.js";
import { grayToRgb } from "../../src/data/gray.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const gray = await loadImages({ name: "sample", directory: null, split: "test", limit: 3 });

test("each gray pixel becomes three alike; images and digest are those of the files", () => {
  const colour = grayToRgb(gray);
  assert.deepEqual([colour.channels, colour.samples, colour.sha256], [3, 3, gray.sha256]);
  assert.deepEqual(
    colour.pixels,
    Uint8Array.from({ length: 3 * gray.pixels.length }, (_, i) => gray.pixels[Math.floor(i / 3)] ?? 0),
  );
});

test("images with colours are refused", () => {
  assert.throws(
    () => grayToRgb(grayToRgb(gray)),
    /--gray-to-rgb: the images of sample have 3 channels; only gray ones/,
  );
});

test("a network trained with --gray-to-rgb takes colour, and is attacked on the same images", async (t) => {
  const out = join(temporaryFolder(t), "run");
  const flags = { data: "sample", model: "tinycnn", density: 0.1, trainSamples: 60, batchSize: 9, epochs: 1, out };
  for (const more of [{ objective: "natural", grayToRgb: true, select: "test-clean", testSamples: 20 }]) {
    const { options, context } = await callOf(sparseTrain, { ...flags, ...more });
    assert.equal(await sparseTrain.run(options, context), 0);
  }
  const path = join(out, "final.safetensors");
  assert.deepEqual((await readNetworkFile(path)).network.input, [32, 32, 3]);
  const { options, context, lines } = await callOf(attackEval, { attacks: "clean", samples: 20 });
  assert.equal(await attackEval.run(options, { ...context, positionals: [path] }), 0);
  assert.deepEqual(
    lines().map(({ type }) => type),
    ["run.start", "attack.result", "run.end"],
  );
});
