import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { InputError } from "../../src/core/errors.js";
import { formatRecord } from "../../src/formats/ndjson.js";
import { parseRecord, recordSchema } from "../../src/records/events.js";
import { formatRecordsSchema } from "../../src/records/schema.js";
import { assertRecord, isRecord, SCHEMA_FILE } from "../support/record-schema.js";

const base = { run: "20261122T141530-9f3c2a", time: "2026-11-22T14:15:30.123Z" };
const sha256 = "0123456789abcdef".repeat(4);

const reference = {
  ...{ path: "run/best.safetensors", sha256, bytes: 1234, role: "best", phase: "train", parent: null },
  ...{ model: { name: "vgg16", width: 0.25 }, data: { name: "cifar10", classes: ["airplane", "ship"] } },
  ...{ method: "bayes", density: 0.1, objective: "trades", seed: 7, step: 1170, epoch: 3 },
  ...{ connections: 95_000, weights: 950_000, multiplyAdds: 4_000_000, imageSteps: 150_000 },
  ...{ forwardEquivalents: 1_800_000, seconds: 99.5 },
};

/** One record of every type, with every field of the contract. */
const EXAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "run.start": {
    ...{ command: "sparse-train", version: "0.1.0", config: { density: 0.1 }, seed: 0 },
    engine: { name: "native", device: "a processor, avx512", threads: 2, reason: "no graphics card" },
    data: { name: "cifar10", split: "train", samples: 50_000, sha256 },
  },
  "train.step": { step: 10, epoch: 0, loss: "NaN", learningRate: 0.1, imagesPerSecond: 480.5 },
  "train.epoch": {
    ...{ phase: "train", epoch: 1, step: 390, loss: 2.1, learningRate: 0.1, trainAccuracy: 0.25, cleanAccuracy: 0.3 },
    ...{ robustAccuracy: 0.2, selection: { split: "train", samples: 1000, rule: "val-pgd" } },
    ...{ connections: 95_000, density: 0.1, reconnected: 12.5, imagesPerSecond: 400, seconds: 120, memoryBytes: 1e9 },
    layers: [{ name: "conv1", size: 432, connections: 260 }],
  },
  checkpoint: reference,
  "attack.result": {
    checkpoint: reference,
    attack: { name: "pgd50", steps: 50, stepSize: 0.00157, restarts: 10, randomStart: true, accounting: "strict" },
    ...{
      norm: "linf",
      epsilon: 8 / 255,
      epsilonText: "8/255",
      seed: 1,
      data: { name: "cifar10", split: "test", sha256 },
    },
    ...{ range: [0, 10], samples: 9, correct: 2, accuracy: 2 / 9, outcomes: "AQI=", forwards: 10, gradients: 5000 },
    ...{ norms: [0, null, 0.03], seconds: 1.5, included: "/wE=", foolboxCorrect: 2, pictures: "p.html" },
    reliability: [{ check: "zero-gradient", value: "Infinity", message: "the gradient vanishes" }],
  },
  notice: { level: "warning", code: "data-digest", message: "the digest differs from the published archive's" },
  benchmark: { name: "vgg16", peer: "prototype", value: 480, unit: "images/s", config: { batch: 128 } },
  published: {
    ...{ run: "published/poster", time: "2021-07-18", source: "poster", method: "bayes", model: { name: "vgg16" } },
    ...{ data: { name: "cifar10" }, extraData: null, density: 0.01, densityKind: "global", objective: "trades" },
    ...{ attack: { name: "pgd50" }, norm: "linf", epsilon: 8 / 255, epsilonText: "8/255", accuracy: 0.423 },
    ...{ confidence: "exact", note: null },
  },
  "run.end": { status: "failed", error: "no space left on the disk", seconds: 3 },
};

const records = Object.entries(EXAMPLES).map(([type, fields]) => ({ type, ...base, ...fields }));

test("a record of every type with every field passes the definition and the published schema", () => {
  for (const record of records) {
    assertRecord(record);
    assert.equal(parseRecord(record, "x")?.type, record.type);
  }
});

test("fields that nobody knows are kept, at any depth", () => {
  const [start] = records;
  const more = { ...start, more: 1, engine: { name: "n", device: "d", threads: 1, reason: "r", target: "avx2" } };
  assertRecord(more);
  assert.deepEqual(parseRecord(more, "x"), more);
});

test("a number that is not finite is its name in the stream and a number in memory", () => {
  const step = { type: "train.step", ...base, step: 1, epoch: 1, learningRate: 0.1, imagesPerSecond: 1 };
  for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1]) {
    const line: unknown = JSON.parse(formatRecord({ ...step, loss }));
    assertRecord(line);
    const record = parseRecord(line, "x");
    assert.ok(record?.type === "train.step" && Object.is(record.loss, loss));
  }
  assert.ok(!isRecord({ ...step, loss: null }));
  assert.ok(!isRecord({ ...step, loss: 1, learningRate: "NaN" }));
});

test("a type that nobody knows passes through", () => {
  assertRecord({ type: "train.stepped", anything: 1 });
  assertRecord({ type: "trainXstep" });
  assert.equal(parseRecord({ type: "train.stepped" }, "x"), null);
  assert.ok(recordSchema.safeParse({ type: "train.stepped" }).success);
});

test("every field that is not said to be optional is required, by definition and published schema alike", () => {
  const optional = [
    "run.start",
    "train.epoch.robustAccuracy",
    "checkpoint.phase",
    "checkpoint.parent",
    "run.end.error",
  ];
  optional.push(...["norms", "included", "foolboxCorrect", "pictures"].map((field) => `attack.result.${field}`));
  optional.push("benchmark.peer");
  for (const record of records) {
    for (const field of Object.keys(record).filter((name) => name !== "type")) {
      const rest = Object.fromEntries(Object.entries(record).filter(([name]) => name !== field));
      const expected = optional.includes(`${record.type}.${field}`);
      assert.equal(isRecord(rest), expected, `${record.type}.${field}, published schema`);
      assert.equal(recordSchema.safeParse(rest).success, expected, `${record.type}.${field}, definition`);
    }
  }
});

test("a wrong field is an error with place, type, field and reason, and the published schema refuses it too", () => {
  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ["run.end", { status: "finished" }, /status/],
    ["run.end", { time: "yesterday" }, /time/],
    ["run.end", { time: "2026-11-22T14:15:30+01:00" }, /time/],
    ["run.end", { seconds: -1 }, /seconds/],
    ["checkpoint", { sha256: "abc" }, /sha256/],
    ["checkpoint", { step: 1.5 }, /step/],
    ["checkpoint", { density: 1.1 }, /density/],
    ["attack.result", { range: [0] }, /range/],
    ["attack.result", { norm: "l0" }, /norm/],
    ["attack.result", { outcomes: "!" }, /outcomes/],
    ["attack.result", { checkpoint: { path: "a" } }, /checkpoint\.sha256/],
    ["notice", { level: "error" }, /level/],
  ];
  for (const [type, fields, field] of wrong) {
    const record = { type, ...base, ...EXAMPLES[type], ...fields };
    assert.ok(!isRecord(record), `${type} ${field}`);
    assert.throws(
      () => parseRecord(record, "a.ndjson:7"),
      (error) => {
        assert.ok(error instanceof InputError);
        assert.ok(error.message.startsWith(`a.ndjson:7: malformed "${type}" record: `), error.message);
        assert.match(error.message, field);
        return true;
      },
    );
  }
  assert.throws(
    () => parseRecord({ run: "x" }, "stdin:1"),
    new InputError('stdin:1: a record is a JSON object with a "type"; this is not one'),
  );
});

test("the published schema is the one that the definition gives (npm run schema)", () => {
  assert.equal(readFileSync(SCHEMA_FILE, "utf8"), formatRecordsSchema());
});
