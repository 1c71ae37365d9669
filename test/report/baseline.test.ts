import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { findBaselines, mismatchedFields } from "../../src/report/baseline.js";
import type { AttackedNetwork } from "../../src/report/results.js";

function network(
  path: string,
  method: string,
  density: number,
  more: { readonly file?: string; readonly run?: string } = {},
): AttackedNetwork {
  return {
    checkpoint: {
      path,
      sha256: "0".repeat(64),
      bytes: 1,
      method,
      density,
      objective: "at",
      model: { name: "vgg16" },
      data: { name: "cifar10" },
    },
    files: new Set([more.file ?? "stdin"]),
    runs: new Set([more.run ?? `${path}-run`]),
    selection: null,
    results: new Map(),
    unfinished: null,
    maker: null,
    otherSeeds: new Map(),
  };
}

const ours90 = network("ours90", "bayes", 0.1);
const ours99 = network("ours99", "bayes", 0.01);
const hydra90 = network("hydra90", "hydra", 0.1, { file: "hydra.ndjson" });
const hydra99 = network("hydra99", "hydra", 0.00999, { file: "hydra.ndjson" });

test("a method's networks are the baselines of those of their density, within rounding", () => {
  const found = findBaselines("hydra", false, [ours90, hydra99, ours99, hydra90]);
  assert.deepEqual([...found], [[ours90, hydra90], [ours99, hydra99]]); // biome-ignore format: one line
});

test("a file with one network is the baseline of all, one with several is matched", () => {
  const alone = findBaselines("hydra.ndjson", true, [ours90, ours99, hydra90]);
  assert.deepEqual([...alone.values()], [hydra90, hydra90]);
  const several = findBaselines("hydra.ndjson", true, [ours99, hydra90, hydra99]);
  assert.deepEqual([...several.values()], [hydra99]);
});

test("a dense network is the baseline of every density, and of its own objective alone", () => {
  const dense = network("dense", "dense", 1);
  const other = { ...ours99, checkpoint: { ...ours99.checkpoint, objective: "trades" } };
  const found = findBaselines("dense", false, [ours90, dense, ours99, other]);
  assert.deepEqual([...found.values()], [dense, dense, null]);
});

test("a run comes before a method of the same name", () => {
  const odd = network("odd", "bayes", 0.1, { run: "hydra" });
  assert.equal(findBaselines("hydra", false, [ours90, odd, hydra90]).get(hydra90), odd);
});

test("a network without a counterpart has no baseline; where none has one, the name is wrong", () => {
  assert.equal(findBaselines("hydra", false, [ours90, ours99, hydra90]).get(ours99), null);
  assert.throws(() => findBaselines("hydra", false, [ours99, hydra90]), UsageError);
});

test("two counterparts leave a choice, which is the user's", () => {
  const second = network("again", "hydra", 0.1);
  assert.throws(
    () => findBaselines("hydra", false, [ours90, hydra90, second]),
    /2 networks could be the baseline of ours90 \(hydra90, again\)/,
  );
});

test("an unknown name is answered with the nearest", () => {
  assert.throws(
    () => findBaselines("hydar", false, [ours90, hydra90]),
    /no such file, run or method; did you mean hydra\?/,
  );
});

test("where nothing is a baseline's counterpart, the message names what differs and nothing else", () => {
  const dense = network("dense", "dense", 1);
  const trades = { ...ours90, checkpoint: { ...ours90.checkpoint, objective: "trades" } };
  assert.throws(() => findBaselines("dense", false, [trades, dense]), {
    message: "--baseline dense: it is no other network's counterpart: dense has objective at, not trades as ours90",
  });
  assert.throws(
    () => findBaselines("hydra", false, [ours99, hydra90]),
    /: hydra90 has density 0\.1, not 0\.01 as ours99$/,
  );
  const wide = { ...trades, checkpoint: { ...trades.checkpoint, model: { name: "vgg16", width: 0.25 } } };
  assert.throws(() => findBaselines("dense", false, [wide, dense]), /model vgg16, not vgg16 ×0\.25; objective at, not/);
  assert.deepEqual(mismatchedFields([hydra90, hydra99], trades), ["objective"]);
});
