import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { loadImages, requireDataName } from "../../src/data/catalog.js";

test("the embedded sample is the first images of Fashion-MNIST", async () => {
  const train = await loadImages({ name: "sample", directory: null, split: "train" });
  const held = await loadImages({ name: "sample", directory: null, split: "test" });
  assert.deepEqual([train.samples, held.samples, train.height, train.width, train.channels], [3000, 1000, 32, 32, 1]);
  assert.deepEqual([...train.labels.subarray(0, 10)], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
  assert.deepEqual([...held.labels.subarray(0, 10)], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
  assert.equal(train.classes[9], "ankle boot");
  assert.equal(train.sha256, "2740d018e031a1a3fef4fc942c86c503fc1bb30200bdb483d39db92223435e2d");
});

test("names that cannot be read say so, with what can", async () => {
  const refusals = [
    ["cifar-10", /did you mean "cifar10"\?/],
    ["shvn", /did you mean "svhn"\?/],
    ["xyz", /no such data set; known: cifar10, cifar100, svhn, fashion, sample, or a folder$/],
  ] as const;
  for (const [name, message] of refusals) {
    const isRight = (error: unknown) => error instanceof UsageError && message.test(error.message);
    await assert.rejects(loadImages({ name, directory: null, split: "test" }), isRight);
    assert.throws(() => requireDataName(name), isRight);
  }
});
