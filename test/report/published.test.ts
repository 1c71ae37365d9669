import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { type AttackResult, encodeOutcomes } from "../../src/records/events.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { selectPublished } from "../../src/report/published.js";
import { readPublished } from "../../src/report/published-files.js";
import { publishedHint } from "../../src/report/published-hint.js";
import { ResultCollector } from "../../src/report/results.js";
import { assertRecord } from "../support/record-schema.js";

const IMAGES = { name: "cifar10", split: "test", sha256: "0".repeat(64) } as const;

function result(attack: string, epsilon: number, density: number): AttackResult {
  return {
    ...{ type: "attack.result", run: "ours", time: "2026-01-02T03:04:05Z", data: IMAGES, range: [0, 4] },
    checkpoint: {
      ...{ path: "ours.safetensors", sha256: "a".repeat(64), bytes: 1, method: "bayes", density, objective: "rst" },
      ...{ model: { name: "vgg16" }, data: { name: "cifar10" } },
    },
    ...{ attack: { name: attack }, norm: "linf", epsilon, epsilonText: String(epsilon), seed: 1 },
    ...{ samples: 4, correct: 2, accuracy: 0.5, outcomes: encodeOutcomes(Uint8Array.of(1, 1, 0, 0)) },
    ...{ forwards: 0, gradients: 0, seconds: 0, reliability: [] },
  };
}

function collect(density: number) {
  const collector = new ResultCollector();
  for (const [i, attack] of ["clean", "pgd50", "aa"].entries()) {
    collector.add(result(attack, attack === "clean" ? 0 : 8 / 255, density), "file", i + 1);
  }
  return collector.collected();
}

async function table(names: readonly string[], density = 0.1) {
  const collected = collect(density);
  const published = selectPublished(names, await readPublished(), collected.networks);
  return compareNetworks(collected, { published });
}

test("every published number is a record of the schema and names its source", async () => {
  const records = await readPublished();
  for (const record of records) assertRecord(record);
  assert.ok(records.length >= 500);
  assert.ok(records.every(({ source, run }) => run === `published/${source}`));
});

test("no source gives one network two numbers under one attack", async () => {
  const keys = (await readPublished()).map(
    ({ source, label, method, model, data, density, objective, attack, norm, epsilon }) =>
      JSON.stringify([source, label, method, model, data, density, objective, attack, norm, epsilon]),
  );
  assert.deepEqual(keys.filter((key, i) => keys.indexOf(key) !== i), []); // biome-ignore format: one line
});

test("the poster's and the benchmark's numbers for VGG-16 on CIFAR-10 at a tenth stand in their rows", async () => {
  const { columns, rows } = await table(["poster", "harp"]);
  assert.deepEqual(rows.map(({ attack }) => attack.name), ["clean", "pgd50", "aa"]); // biome-ignore format: one line
  const accuracies = (label: RegExp) => {
    const index = columns.findIndex((column) => label.test(column.label));
    return rows.map(({ cells }) => cells[index]?.accuracy);
  };
  assert.deepEqual(accuracies(/^bayes rst 90% \[published: poster\]$/), [0.809, 0.496, 0.4498]);
  assert.deepEqual(accuracies(/^hydra rst 90% \[published: poster\]$/), [0.805, 0.5, 0.4546]);
  assert.deepEqual(accuracies(/^harp 90% \[published: benchmark\]$/), [0.807, undefined, 0.4283]);
});

test("other densities and objectives stay away, and 0.031, extra data and densities by layer are told", async () => {
  const { columns, remarks } = await table(["all"]);
  const published = columns.flatMap((column) => column.published ?? []);
  assert.ok(published.every(({ records }) => records.every(({ density }) => density === 0.1)));
  assert.ok(
    published.every(({ records }) => records.every(({ objective }) => objective === null || objective === "rst")),
  );
  for (const note of [/ε 0\.031, not 8\/255/, /extra data/, /every layer/, /no counts/]) {
    assert.ok(
      remarks.some((remark) => note.test(remark)),
      String(note),
    );
  }
  const texts = remarks.map((remark) => remark.slice(remark.indexOf("]: ") + 1));
  assert.equal(new Set(texts).size, texts.length, "a note is told once for all that it is true of");
  assert.match(remarks.join("\n"), /^\S+ 90%, .* 90% \[published: benchmark\]: attacked at ε 0\.031/m);
});

test("what was published under other attacks than ours has no column, nor what nobody can set beside an attack", async () => {
  const records = await readPublished();
  const smoothed = records.filter(({ attack }) => attack.name === "randomized-smoothing");
  assert.equal(smoothed.length, 28);
  const { networks } = collect(0.1);
  const own = smoothed.filter(
    ({ model, data, density }) => model.name === "vgg16" && data.name === "cifar10" && density < 1,
  );
  assert.equal(own.length, 6);
  assert.deepEqual(selectPublished(["all"], own, networks), []);
});

test("the benchmark's earlier numbers stand apart from its current ones", async () => {
  const earlier = (await readPublished()).filter(({ label }) => label === "earlier README");
  const found = (method: string, model: string, density: number) =>
    earlier.filter((one) => one.method === method && one.model.name === model && one.density === density);
  assert.deepEqual(
    found("admm", "resnet18", 0.1).map(({ attack, accuracy }) => [attack.name, accuracy]),
    [["clean", 0.814], ["aa", 0.5392]], // biome-ignore format: one line
  );
  assert.deepEqual(found("admm", "vgg16", 0.01).map(({ accuracy }) => accuracy), [0.4491]); // biome-ignore format: one line
});

test("a density that nobody published has no column", async () => {
  const { columns } = await table(["all"], 0.37);
  assert.equal(columns.length, 1);
});

test("a name that no number has is refused with a near one", async () => {
  const records = await readPublished();
  assert.throws(
    () => selectPublished(["hidra"], records, []),
    (error) => error instanceof UsageError && /did you mean hydra\?/.test(error.message),
  );
});

test("where the sources asked for have nothing beside our networks, those are named that have", async () => {
  const { networks } = collect(0.1);
  const records = await readPublished();
  assert.deepEqual(selectPublished(["trades"], records, networks), []);
  assert.equal(publishedHint(["trades"], records, networks), "benchmark, hydra, poster have some");
});

test("where nobody has, the nearest numbers asked for are told: other densities of our model before other models", async () => {
  const { networks } = collect(0.37);
  const hint = async (...names: string[]) => publishedHint(names, await readPublished(), networks);
  assert.equal(
    await hint("poster"),
    "nearest: poster has vgg16 on cifar10 at density 0.01, 0.1, 1 under clean, pgd50 at ε 8/255, aa at ε 8/255",
  );
  assert.match(await hint("trades"), /^nearest: trades has wrn34_10 on cifar10 at density 1 under /);
  assert.equal((await hint("all")).split(" has ").length, 1 + 3);
});

test("where not even the data or the model is that of a published number, all that there are is told", async () => {
  const { networks } = collect(0.1);
  const strangers = networks.map((network) => ({
    ...network,
    checkpoint: { ...network.checkpoint, model: { name: "toy" }, data: { name: "sample" } },
  }));
  assert.equal(publishedHint(["trades"], await readPublished(), strangers), "they are of wrn34_10 on cifar10");
});
