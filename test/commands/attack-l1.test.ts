import assert from "node:assert/strict";
import { test } from "node:test";
import { toFloat } from "../../src/data/batches.js";
import { loadImages } from "../../src/data/catalog.js";
import { readSafetensors } from "../../src/formats/safetensors.js";
import { decodeOutcomes } from "../../src/records/outcomes.js";
import { attack, attackFolder, results } from "../support/attack-calls.js";

const SAMPLES = 240;

/** Every kind of attack that there is in L1, each short. */
const flags = {
  attacks: {
    "apgd-ce": { steps: 10, restarts: 2 },
    "apgd-dlr": { steps: 10, restarts: 1 },
    "apgd-t": { steps: 10, targets: 2 },
    "fab-t": { steps: 10, targets: 2 },
    square: { queries: 400 },
    bb: { steps: 60, noiseDraws: 20, bbRefBatch: 4 },
    all: { members: { "apgd-t": { steps: 10, targets: 2 }, square: { queries: 40 } } },
  },
  norm: "l1",
  epsilon: 1.5,
  samples: SAMPLES,
};

test("attacks in L1 keep to their ball, fool some samples and not all, in any batch the same", async (context) => {
  const at = await attackFolder(context);
  const toy = at("toy.safetensors");
  const saved = at("images.safetensors");
  const { lines, code } = await attack(toy, { ...flags, saveAdversarial: saved });
  assert.equal(code, 0);
  const [clean, ...others] = results(lines);
  for (const { attack: recipe, correct, norm, reliability } of others) {
    assert.equal(norm, "l1");
    assert.ok(
      Number(correct) < Number(clean?.correct) && Number(correct) > 0,
      JSON.stringify([recipe, correct, clean?.correct]),
    );
    assert.deepEqual(reliability, []);
  }
  const alone = await attack(toy, { ...flags, batchSize: 7 });
  const outcomes = (from: typeof lines) => results(from).map((result) => result.outcomes);
  assert.deepEqual(outcomes(alone.lines), outcomes(lines));

  const { tensors } = await readSafetensors(saved);
  const images = Float32Array.from(tensors.get("images")?.values ?? []);
  const originals = toFloat(
    await loadImages({ name: "sample", directory: null, split: "test" }),
    Uint32Array.from({ length: SAMPLES }, (_, i) => i),
  );
  const size = originals.length / SAMPLES;
  const moved = Array.from({ length: SAMPLES }, (_, i) => {
    const pixels = images.subarray(i * size, (i + 1) * size);
    return pixels.reduce((sum, pixel, k) => sum + Math.abs(pixel - (originals[i * size + k] ?? 0)), 0);
  });
  assert.ok(moved.every((length) => length <= 1.5 * (1 + 1e-5) + 1e-6) && moved.some((length) => length > 0.7));
});

test("a larger radius leaves no more standing in L1, and the shortest perturbations say where each sample falls", async (context) => {
  const at = await attackFolder(context);
  const call = {
    ...flags,
    attacks: { "fab-t": { steps: 10, targets: 2 } },
    epsilon: null,
    epsilons: "0.7,1.5",
    minimal: true,
  };
  const { lines } = await attack(at("toy.safetensors"), call);
  const [, near, far] = results(lines);
  for (const { outcomes, norms, epsilon } of [near ?? {}, far ?? {}]) {
    const standing = decodeOutcomes(String(outcomes), SAMPLES, "outcomes");
    assert.ok(Array.isArray(norms));
    for (const [i, flag] of standing.entries()) {
      assert.equal(flag === 1, norms[i] === null || Number(norms[i]) > Math.fround(Number(epsilon)));
    }
  }
  assert.ok(Number(far?.correct) < Number(near?.correct));
});
