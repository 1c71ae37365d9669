import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { PNG } from "pngjs";
import { toFloat } from "../../src/data/batches.js";
import { loadImages } from "../../src/data/catalog.js";
import { nativeEngine } from "../../src/engines/native.js";
import { readSafetensors } from "../../src/formats/safetensors.js";
import { predictions } from "../../src/losses/predictions.js";
import { readNetworkFile } from "../../src/models/network-file.js";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { attack, attackFolder } from "../support/attack-calls.js";

const base = { attacks: "fgsm,pgd3x2", epsilon: 0.012, samples: 240 };

test("saved images give the saved predictions when they are read again, and these agree with the outcomes", async (context) => {
  const at = await attackFolder(context);
  const path = at("images.safetensors");
  const { lines } = await attack(at("toy.safetensors"), { ...base, indices: "5-199,210", saveAdversarial: path });
  const { tensors, metadata } = await readSafetensors(path);
  const values = (name: string) => tensors.get(name)?.values ?? new Float32Array(0);
  const indices = [...values("indices")];
  assert.deepEqual(indices, [...Array.from({ length: 195 }, (_, i) => 5 + i), 210]);
  assert.equal(metadata.get("epsilon"), "0.012");

  const { network } = await readNetworkFile(at("toy.safetensors"));
  const inference = nativeEngine({ reason: "tests" }).infer(network);
  const images = Float32Array.from(values("images"));
  assert.deepEqual([...predictions(inference.logits(images), 10)], [...values("predictions")]);

  const right = indices.map((_, i) => values("predictions")[i] === values("labels")[i]);
  const flags = lines
    .filter(({ type }) => type === "attack.result")
    .map(({ outcomes }) => decodeOutcomes(String(outcomes), 240, "outcomes"));
  const standing = indices.map((index) => flags.every((one) => one[index] === 1));
  assert.deepEqual(right, standing);

  const clean = toFloat(await loadImages({ name: "sample", directory: null, split: "test" }), indices);
  const size = clean.length / indices.length;
  for (const [i, number] of [...values("attack")].entries()) {
    const distances = images
      .subarray(i * size, (i + 1) * size)
      .map((pixel, k) => Math.abs(pixel - (clean[i * size + k] ?? 0)));
    const furthest = distances.reduce((most, one) => Math.max(most, one), 0);
    assert.ok(number === -1 ? furthest === 0 : furthest > 0 && furthest <= 0.012 + 1e-6);
  }
});

test("a picture has a row for each fooled image, and records name it", async (context) => {
  const at = await attackFolder(context);
  const path = at("rows.png");
  const { lines } = await attack(at("toy.safetensors"), { ...base, pictures: path });
  const results = lines.filter(({ type }) => type === "attack.result");
  assert.deepEqual(
    results.map(({ pictures }) => pictures),
    [undefined, path, path],
  );
  const png = PNG.sync.read(readFileSync(path));
  const [clean = [], ...attacked] = results.map(({ outcomes }) => [
    ...decodeOutcomes(String(outcomes), 240, "outcomes"),
  ]);
  const fooled = clean.filter((flag, i) => flag === 1 && attacked.some((flags) => flags[i] === 0)).length;
  assert.ok(fooled > 0 && fooled <= 16, `${fooled} rows`);
  const rowHeight = 140;
  assert.equal(Math.floor(png.height / rowHeight), fooled);
  // The title's first letter is there: ink on white.
  const ink = png.data.subarray(0, 4 * png.width * 30).filter((value, i) => i % 4 === 0 && value < 100);
  assert.ok(ink.length > 20);
});

test("RobustBench's entry has the types and spellings of that list", async (context) => {
  const at = await attackFolder(context);
  const attacks = { aa: { members: { "apgd-ce": { steps: 3, restarts: 1 }, square: { queries: 10 } } } };
  const call = { attacks, samples: 40, epsilon: "8/255", exportRobustbench: at("entry.json") };
  const { lines } = await attack(at("toy.safetensors"), call);
  const entry: Record<string, unknown> = JSON.parse(readFileSync(at("entry.json"), "utf8"));
  const types = Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, typeof value]));
  assert.deepEqual(types, {
    ...{ link: "string", name: "string", authors: "string", additional_data: "boolean" },
    ...{ number_forward_passes: "number", dataset: "string", venue: "string", architecture: "string", eps: "string" },
    ...{ clean_acc: "string", reported: "string", autoattack_acc: "string", unreliable: "boolean", footnote: "string" },
  });
  const whole = lines.findLast(({ type }) => type === "attack.result");
  assert.equal(entry.autoattack_acc, (100 * Number(whole?.accuracy)).toFixed(2));
  assert.equal(entry.eps, "8/255");
});

test("an interrupted evaluation writes none of the files", async (context) => {
  const at = await attackFolder(context);
  const path = at("images.safetensors");
  assert.equal((await attack(at("toy.safetensors"), { ...base, saveAdversarial: path }, 12)).code, 130);
  assert.ok(!existsSync(path));
});
