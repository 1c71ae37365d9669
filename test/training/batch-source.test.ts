import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { epochOrder } from "../../src/data/batches.js";
import { BatchSource, type BatchSourceOptions } from "../../src/training/batch-source.js";
import type { Samples } from "../../src/training/samples.js";

test("an epoch is a fresh order of all samples, its remainder dropped or kept", () => {
  const options = { samples: numbered(10), augment: null, batchSize: 4, seed: 3 } as const;
  const dropping = new BatchSource({ ...options, remainder: "drop" });
  const keeping = new BatchSource({ ...options, remainder: "keep" });
  assert.deepEqual([dropping.stepsPerEpoch, keeping.stepsPerEpoch], [2, 3]);
  for (const epoch of [0, 1, 5]) {
    const seen = [0, 1, 2].flatMap((place) => inputs(keeping, { step: 3 * epoch + place, epoch, stepOfEpoch: place }));
    assert.deepEqual(seen, [...epochOrder(10, 3, epoch)]);
    assert.deepEqual(inputs(dropping, { step: 0, epoch, stepOfEpoch: 1 }), seen.slice(4, 8));
  }
});

/** 5 labelled and 7 pseudo-labelled samples, 2 + 3 a batch: passes of 3 batches, the last of 1. */
const mixture: BatchSourceOptions = {
  samples: numbered(5),
  augment: null,
  batchSize: 5,
  remainder: "drop",
  seed: 1,
  pseudoLabelled: { samples: numbered(7, 100), batchSize: 3 },
};

test("pseudo-labelled samples follow the labelled ones, pass after pass, whatever the epoch", () => {
  const source = new BatchSource(mixture);
  assert.equal(source.stepsPerEpoch, 2, "an epoch is one over the labelled samples");
  const passes = [0, 1, 2].map((pass) =>
    [0, 1, 2].map((place) => {
      const step = 3 * pass + place;
      return inputs(source, { step, epoch: Math.floor(step / 2), stepOfEpoch: step % 2 });
    }),
  );
  for (const pass of passes) {
    assert.deepEqual(
      pass.map((batch) => batch.length),
      [5, 5, 3],
      "the last part of a pass is smaller",
    );
    const pseudo = pass.flatMap((batch) => batch.slice(2));
    assert.deepEqual(pseudo.toSorted(), [100, 101, 102, 103, 104, 105, 106]);
    assert.ok(pass.every((batch) => batch.slice(0, 2).every((input) => input < 5)));
  }
  assert.notDeepEqual(passes[0]?.flat(), passes[1]?.flat(), "each pass has an order of its own");
});

test("of 50,000 labelled images beside 500,000 pseudo-labelled ones, 128 and 128 a batch, an epoch is 391 batches of 256, the last of 208", () => {
  const pseudoLabelled = { samples: numbered(500_000), batchSize: 128, order: "epoch" } as const;
  const options = { samples: numbered(50_000), augment: null, batchSize: 256, remainder: "keep", seed: 1 } as const;
  const source = new BatchSource({ ...options, pseudoLabelled });
  assert.equal(source.stepsPerEpoch, 391);
  // The tenth epoch would end one pass and begin another if they went on without end.
  for (const epoch of [0, 9]) {
    const labelled = new Uint8Array(50_000);
    const pseudo = new Uint8Array(500_000);
    for (let place = 0; place < 391; place++) {
      const batch = inputs(source, { step: 391 * epoch + place, epoch, stepOfEpoch: place });
      const own = place === 390 ? 80 : 128;
      assert.equal(batch.length, own + 128);
      for (const input of batch.slice(0, own)) labelled[input] = (labelled[input] ?? 0) + 1;
      for (const input of batch.slice(own)) pseudo[input] = (pseudo[input] ?? 0) + 1;
    }
    assert.ok(labelled.every((times) => times === 1));
    assert.ok(pseudo.every((times) => times <= 1));
    assert.equal(
      pseudo.reduce((sum, times) => sum + times, 0),
      391 * 128,
    );
  }
});

test("a fresh order each epoch goes on with a second one where the epoch needs more pseudo-labelled samples than there are", () => {
  const source = new BatchSource({
    ...mixture,
    samples: numbered(10),
    pseudoLabelled: { samples: numbered(4, 100), batchSize: 3, order: "epoch" },
  });
  const [first, second] = [0, 1].map((epoch) =>
    [0, 1, 2, 3, 4].flatMap((place) => inputs(source, { step: 5 * epoch + place, epoch, stepOfEpoch: place }).slice(2)),
  );
  assert.deepEqual(first?.slice(0, 4).toSorted(), [100, 101, 102, 103]);
  assert.deepEqual(first?.slice(4, 8).toSorted(), [100, 101, 102, 103]);
  assert.notDeepEqual(first, second);
});

test("images and labels belong together", () => {
  const { images, labels } = new BatchSource(mixture).batch({ step: 4, epoch: 2, stepOfEpoch: 0 });
  assert.deepEqual(
    [...labels],
    Array.from(images, (input) => input % 7),
  );
});

test("a batch depends on the moment alone, so a resumed run goes on with the ones that it would have had", () => {
  const moment = { step: 17, epoch: 8, stepOfEpoch: 1 };
  const fresh = inputs(new BatchSource(mixture), moment);
  const used = new BatchSource(mixture);
  for (let step = 0; step < 17; step++) used.batch({ step, epoch: Math.floor(step / 2), stepOfEpoch: step % 2 });
  assert.deepEqual(inputs(used, moment), fresh);
  assert.notDeepEqual(inputs(new BatchSource({ ...mixture, seed: 2 }), moment), fresh);
});

test("augmentation draws for each pass of each sample, and never the same for a labelled and a pseudo-labelled one", () => {
  const calls: [number, number[]][] = [];
  const augment = (images: Float32Array, epoch: number, indices: Uint32Array) => {
    calls.push([epoch, [...indices]]);
    return images.map((value) => value + 0.5);
  };
  const { images } = new BatchSource({ ...mixture, augment }).batch({ step: 4, epoch: 2, stepOfEpoch: 0 });
  assert.ok(images.every((value) => value % 1 === 0.5));
  assert.deepEqual(
    calls.map(([epoch]) => epoch),
    [2, 1],
  );
  assert.deepEqual(
    calls.map(([, indices]) => indices.every((index) => index < 5)),
    [true, false],
  );
  assert.ok(calls[1]?.[1].every((index) => index >= 5 && index < 12));
});

test("the published batches give the published numbers of steps", () => {
  const steps = (size: number, labelled: Partial<BatchSourceOptions>) =>
    new BatchSource({ ...mixture, batchSize: 128, samples: numbered(size), pseudoLabelled: null, ...labelled })
      .stepsPerEpoch;
  assert.equal(steps(50_000, {}), 390);
  assert.equal(steps(73_257, {}), 572);
  assert.equal(steps(60_000, {}), 468);
  const half = { pseudoLabelled: { samples: numbered(500_000), batchSize: 64 } };
  assert.equal(steps(50_000, half), 781);
  assert.equal(200 * steps(50_000, half), 156_200);
});

test("a batch that takes more samples than there are is refused", () => {
  const refusal = (options: Partial<BatchSourceOptions>, message: RegExp) =>
    assert.throws(
      () => new BatchSource({ ...mixture, pseudoLabelled: null, ...options }),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  refusal({ batchSize: 6 }, /--batch-size 6 is more than the 5 training images; choose at most 5$/);
  refusal(
    { batchSize: 12, pseudoLabelled: { samples: numbered(7), batchSize: 6 } },
    /--batch-size 12, 6 of them labelled, is more than the 5 training images; choose at most 10$/,
  );
});

/** Samples of one input each, their numbers from `first` on; the label is the number modulo 7. */
function numbered(size: number, first = 0): Samples {
  return {
    size,
    shape: [1, 1, 1],
    labels: Uint8Array.from({ length: size }, (_, i) => (first + i) % 7),
    read: (indices) => Float32Array.from(indices, (index) => first + index),
  };
}

function inputs(source: BatchSource, moment: Parameters<BatchSource["batch"]>[0]): number[] {
  return [...source.batch(moment).images];
}
