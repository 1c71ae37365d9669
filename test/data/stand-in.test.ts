import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { standIn } from "../../src/data/stand-in.js";
import { callOf } from "../support/command-context.js";
import { refused } from "../support/refused.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("a stand-in has the published counts, and none is made of a data set that is not known", () => {
  const images = standIn({ name: "svhn", split: "test" });
  assert.deepEqual([images?.samples, images?.height, images?.channels, images?.classes.length], [26_032, 32, 3, 10]);
  assert.equal(standIn({ name: "cifar100", split: "train", limit: 9 })?.samples, 9);
  assert.equal(standIn({ name: "./mine", split: "train" }), null);
});

/** Small beside the published recipe in what makes the one measured step long. */
const recipe = { data: "svhn", model: "tinycnn", density: 0.01, objective: "natural", profile: "reference" };

test("--dry-run tells steps, connections and hours where the data are not there, and writes nothing", async (t) => {
  const folder = temporaryFolder(t);
  const flags = { ...recipe, dataDir: folder, dryRun: true, out: join(folder, "run") };
  const { options, context, notes } = await callOf(sparseTrain, flags);
  assert.equal(await sparseTrain.run(options, context), 0);
  const [said = ""] = notes;
  assert.match(said, /^network: 110 of 11096 weights/m);
  assert.match(said, /^data: svhn, 73257 training images, 26032 of the test images select \(test-clean\)$/m);
  assert.match(said, /^steps: 114400, 572 an epoch, of 128 images/m);
  assert.match(said, /^one measured step: .* s; all steps: about .* (hours|minutes)/m);
  assert.match(said, /^svhn is not on this machine: the counts are the published ones, .* are blank$/m);
  assert.equal(existsSync(join(folder, "run")), false);
});

test("without --dry-run missing data are an error, and so are damaged ones with it", async (t) => {
  const folder = temporaryFolder(t);
  const { options, context } = await callOf(sparseTrain, { ...recipe, dataDir: folder, out: join(folder, "run") });
  await refused(sparseTrain.run(options, context), /^no files of the data set svhn/);
});
