import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pruneHydra } from "../../src/commands/prune-hydra.js";
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

/** Where nothing lies, and no folder is named. */
function withoutData(t: TestContext): string {
  const folder = temporaryFolder(t);
  const { SPARSE_ROBUST_DATA, XDG_CACHE_HOME } = process.env;
  t.after(() =>
    Object.assign(process.env, { SPARSE_ROBUST_DATA: SPARSE_ROBUST_DATA ?? "", XDG_CACHE_HOME: XDG_CACHE_HOME ?? "" }),
  );
  Object.assign(process.env, { SPARSE_ROBUST_DATA: "", XDG_CACHE_HOME: folder });
  return folder;
}

test("--dry-run tells steps, connections and hours where the data are not there, and writes nothing", async (t) => {
  const folder = withoutData(t);
  const flags = { ...recipe, dryRun: true, out: join(folder, "run") };
  const { options, context, notes } = await callOf(sparseTrain, flags);
  assert.equal(await sparseTrain.run(options, context), 0);
  const [said = ""] = notes;
  assert.match(said, /^network: 110 of 11096 weights/m);
  assert.match(said, /^data: svhn, 73257 training images of 32×32×3, 26032 of the test images select \(test-clean\)$/m);
  assert.match(said, /^steps: 114400, 572 an epoch, of 128 images/m);
  assert.match(said, /^one measured step: .* s; all steps: about .* (hours|minutes)/m);
  assert.match(said, /^svhn is not on this machine: the counts are the published ones, .* are blank$/m);
  assert.equal(existsSync(join(folder, "run")), false);
});

test("so does that of prune-hydra", async (t) => {
  const folder = withoutData(t);
  const flags = {
    data: "svhn",
    model: "tinycnn",
    objective: "natural",
    profile: "reference",
    dryRun: true,
    out: join(folder, "run"),
  };
  const { options, context, notes } = await callOf(pruneHydra, flags);
  assert.equal(await pruneHydra.run(options, context), 0);
  assert.match(notes.at(-1) ?? "", /^data: svhn, 73257 training images of 32×32×3[\s\S]*^svhn is not on this machine/m);
  assert.deepEqual(readdirSync(folder), []);
});

test("a folder that is named has the data in it, with --dry-run too", async (t) => {
  const flags = { data: "svhn", model: "tinycnn", dataDir: join(temporaryFolder(t), "nowhere"), dryRun: true };
  const [train, prune] = [await callOf(sparseTrain, flags), await callOf(pruneHydra, flags)];
  await refused(sparseTrain.run(train.options, train.context), /^no files of the data set svhn; .*nowhere/);
  await refused(pruneHydra.run(prune.options, prune.context), /^no files of the data set svhn; .*nowhere/);
});

test("without --dry-run missing data are an error, and so are damaged ones with it", async (t) => {
  const folder = temporaryFolder(t);
  const { options, context } = await callOf(sparseTrain, { ...recipe, dataDir: folder, out: join(folder, "run") });
  await refused(sparseTrain.run(options, context), /^no files of the data set svhn/);
});
