/** The commands as functions, on the sample with networks that are trained for a moment. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { attack, compare, formatRecord, prune, type StreamRecord, train } from "../../src/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const small = { data: "sample", model: "tinycnn", objective: "natural", trainSamples: 600, select: "last" } as const;

function types(records: readonly StreamRecord[]): string[] {
  return records.map(({ type }) => type);
}

test("a network is trained and a pruned one beside it, both are attacked and compared, as by a pipe", async (context) => {
  const folder = temporaryFolder(context);
  const seen: string[] = [];
  const trained = await train(
    { ...small, connections: 1095, epochs: 2, out: join(folder, "a") },
    { onRecord: ({ type }) => seen.push(type) },
  );
  assert.deepEqual(types(trained), ["run.start", "train.epoch", "train.epoch", "checkpoint", "run.end"]);
  assert.deepEqual(seen, types(trained));
  const stages = { pretrainEpochs: 1, pruneEpochs: 1, finetuneEpochs: 1 };
  const pruned = await prune({ ...small, ...stages, connections: "1095", out: join(folder, "b") });
  const results = await attack([...trained, ...pruned], { attacks: ["fgsm"], epsilons: [0.01, "8/255"], samples: 50 });
  assert.deepEqual(types(results).slice(0, trained.length + pruned.length), [...types(trained), ...types(pruned)]);
  const accuracies = results.flatMap((record) => (record.type === "attack.result" ? [record.accuracy] : []));
  assert.equal(accuracies.length, 6);
  const gate = { baseline: "hydra", failIf: "clean > 101%" } as const;
  const { text, results: rows, passed } = await compare(results, gate);
  assert.match(text, /\| Clean .*\/50 \|/);
  assert.equal(rows.length, 6);
  assert.ok(passed);
  const file = join(folder, "results.ndjson");
  writeFileSync(file, results.map(formatRecord).join(""));
  const out = join(folder, "table.md");
  const judged = await compare(file, { ...gate, failIf: "clean <= 100%", out });
  assert.equal(judged.passed, false);
  assert.equal(judged.text, "");
  assert.ok(existsSync(out));
});

test("a dense network is pruned from its records, and attacked by its path", async (context) => {
  const folder = temporaryFolder(context);
  const dense = await train({ ...small, mode: "dense", epochs: 1, out: join(folder, "dense") });
  const stages = { pruneEpochs: 1, finetuneEpochs: 1, density: 0.1 };
  const pruned = await prune({ ...stages, trainSamples: 600, out: join(folder, "pruned") }, { network: dense });
  assert.deepEqual(types(pruned).slice(0, dense.length), types(dense));
  const results = await attack(join(folder, "pruned", "final.safetensors"), { attacks: "fgsm", samples: 20 });
  assert.deepEqual(types(results), ["run.start", "attack.result", "attack.result", "run.end"]);
});

test("a run that is ended from outside says so and goes on where it was", async (context) => {
  const out = join(temporaryFolder(context), "run");
  const ending = new AbortController();
  const options = { ...small, density: 0.1, epochs: 3, out };
  const onRecord = ({ type }: StreamRecord) => {
    if (type === "train.epoch") ending.abort();
  };
  const first = await train(options, { signal: ending.signal, onRecord });
  const end = first.at(-1);
  assert.equal(end?.type === "run.end" && end.status, "interrupted");
  const second = await train({ out, resume: true });
  assert.equal(types(second).filter((type) => type === "train.epoch").length >= 3, true);
  const last = second.at(-1);
  assert.equal(last?.type === "run.end" && last.status, "done");
});

test("what is wrong is an error with the name of the option", async () => {
  await assert.rejects(train({ density: 2 }), { name: "UsageError", message: /--density: .*2/ });
  await assert.rejects(train(JSON.parse('{ "densty": 0.1 }')), /densty: no such option; did you mean "density"\?/);
  await assert.rejects(attack([]), /nothing to attack/);
  await assert.rejects(compare([]), /nothing to compare/);
  await assert.rejects(prune({}, { network: [] }), /no network to prune/);
  await assert.rejects(compare("no-such-file.ndjson"), { name: "InputError", message: /no-such-file\.ndjson/ });
});
