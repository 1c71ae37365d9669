import assert from "node:assert/strict";
import { test } from "node:test";
import { type AttackResult, encodeOutcomes } from "../../src/records/events.js";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { comparisonEntries } from "../../src/report/entries.js";
import { layoutTable } from "../../src/report/layouts.js";
import { markdown } from "../../src/report/markdown.js";
import { ResultCollector } from "../../src/report/results.js";

interface Told {
  readonly method: string;
  readonly flags: readonly number[];
  readonly from?: number;
  readonly run?: string;
}

function result({ method, flags, from = 0, run = `${method}-run` }: Told): AttackResult {
  const correct = flags.reduce((sum, flag) => sum + flag, 0);
  return {
    type: "attack.result",
    run,
    time: "2026-01-02T03:04:05Z",
    checkpoint: { path: `${method}.safetensors`, sha256: method.charAt(0).repeat(64), bytes: 1, method, density: 0.1 },
    attack: { name: "fgsm", randomStart: false },
    norm: "linf",
    epsilon: 8 / 255,
    epsilonText: "8/255",
    seed: 1,
    data: { name: "sample", split: "test", sha256: "0".repeat(64) },
    range: [from, from + flags.length],
    samples: flags.length,
    correct,
    accuracy: correct / flags.length,
    outcomes: encodeOutcomes(Uint8Array.from(flags)),
    forwards: 0,
    gradients: 0,
    seconds: 0,
    reliability: [],
  };
}

function collect(records: readonly AttackResult[]) {
  const collector = new ResultCollector();
  for (const [i, record] of records.entries()) collector.add(record, "file", i + 1);
  return collector.collected();
}

test("a difference is over the shared samples, with the four cases counted by hand", () => {
  const collected = collect([
    result({ method: "abc", flags: [1, 1, 1, 0, 0, 1] }),
    result({ method: "bcd", flags: [1, 0, 1, 1, 0], from: 2 }),
  ]);
  const [base, other] = collected.networks;
  assert.ok(base !== undefined && other !== undefined);
  const { rows, columns } = compareNetworks(collected, { baselines: new Map([[other, base]]) });
  assert.deepEqual(columns.map(({ label }) => label), ["abc", "bcd"]); // biome-ignore format: one line
  const difference = rows[0]?.cells[1]?.difference;
  // Samples 2 to 5: abc 1 0 0 1, bcd 1 0 1 1.
  assert.deepEqual(difference?.pairs, { both: 2, onlyFirst: 1, onlySecond: 0, neither: 1 });
  assert.equal(difference?.value, 0.25);
  assert.equal(difference?.samples, 4);
  assert.equal(difference?.p, 1);
});

test("images that were crafted on another network have a row of their own, and an alarm where they are the stronger attack", () => {
  const of = (method: string, flags: readonly number[], from: string | null = null): AttackResult => {
    const own = result({ method, flags });
    return from === null ? own : { ...own, attack: { ...own.attack, transferFrom: from } };
  };
  const source = "b".repeat(64);
  const flags = { "abc own": [1, 1, 1, 0], "abc from bcd": [1, 1, 1, 1], "bcd own": [1, 1, 0, 0] };
  const compared = (transferred: readonly number[]) =>
    compareNetworks(
      collect([of("abc", flags["abc own"]), of("bcd", flags["bcd own"]), of("abc", transferred, source)]),
    );
  const { rows, remarks } = compared(flags["abc from bcd"]);
  assert.deepEqual(rows.map(({ title }) => title), ["FGSM, ε 8/255 (from bcd)", "FGSM, ε 8/255"]); // biome-ignore format: one line
  assert.deepEqual(rows.map(({ cells }) => cells.map((cell) => cell?.accuracy)), [[1, undefined], [0.75, 0.5]]); // biome-ignore format: one line
  assert.doesNotMatch(remarks.join("\n"), /masking/);
  assert.match(
    compared([0, 0, 1, 0]).remarks.join("\n"),
    /abc: FGSM, ε 8\/255 \(from bcd\) leaves 50\.0 points less than FGSM, ε 8\/255 on the network itself .*gradient masking/,
  );
});

test("shards in any order make the whole, bit by bit", () => {
  const whole = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1];
  const collected = collect([
    result({ method: "abc", flags: whole.slice(7), from: 7, run: "b" }),
    result({ method: "abc", flags: whole.slice(0, 3), run: "a" }),
    result({ method: "abc", flags: whole.slice(3, 7), from: 3, run: "c" }),
  ]);
  const [merged] = [...(collected.networks[0]?.results.values() ?? [])];
  assert.deepEqual([...(merged?.outcomes ?? [])], whole);
  assert.equal(merged?.correct, 7);
  assert.deepEqual(merged?.range, [0, 11]);
});

test("samples outside `included` count nowhere", () => {
  const partial = {
    ...result({ method: "abc", flags: [1, 0, 0, 0] }),
    samples: 2,
    correct: 1,
    included: encodeOutcomes(Uint8Array.of(1, 1, 0, 0)),
  };
  const collected = collect([partial, result({ method: "bcd", flags: [1, 1, 1, 1] })]);
  const [first, second] = collected.networks;
  assert.ok(first !== undefined && second !== undefined);
  const { rows } = compareNetworks(collected, { baselines: new Map([[first, second]]) });
  const cell = rows[0]?.cells[1];
  assert.equal(cell?.accuracy, 0.5);
  assert.equal(cell?.difference?.samples, 2);
  assert.equal(cell?.difference?.value, -0.5);
});

test("a name from a file cannot break the table", () => {
  const collected = collect([result({ method: "a|b\n| c", flags: [1] })]);
  const table = layoutTable("poster", compareNetworks(collected), { names: null, digits: null, sortBy: null });
  const [head = ""] = markdown(table, []).split("\n");
  assert.match(head, /^\| +\| +a\\\|b \\\| c \|$/);
});

test("networks of one name are told apart by what differs", () => {
  const one = result({ method: "abc", flags: [1] });
  const two = { ...one, checkpoint: { ...one.checkpoint, sha256: "1".repeat(64), density: 0.01, seed: 2 } };
  const { columns } = compareNetworks(collect([one, two]));
  assert.deepEqual(columns.map(({ label }) => label), ["abc density 0.1", "abc density 0.01"]); // biome-ignore format: one line
});

test("entries for programs hold full precision and null for what is not known", () => {
  const [entry] = comparisonEntries(compareNetworks(collect([result({ method: "abc", flags: [1, 1, 0] })])));
  assert.equal(entry?.accuracy, 2 / 3);
  assert.equal(entry?.model, null);
  assert.equal(entry?.p, null);
});

test("where there are several image sets each row says its own, also one that no other reads like", () => {
  const told = (method: string, attack: string, data: string): AttackResult => {
    const one = result({ method, flags: [1, 0] });
    return { ...one, attack: { ...one.attack, name: attack }, data: { ...one.data, name: data } };
  };
  const clean = (method: string, data: string) => ({ ...told(method, "clean", data), epsilon: 0, epsilonText: "0" });
  const titles = (records: readonly AttackResult[], mixed = false) =>
    compareNetworks(collect(records), { mixed }).rows.map(({ title }) => title);
  const ours = [clean("abc", "sample"), told("abc", "fgsm", "sample")];
  assert.deepEqual(titles(ours), ["Clean", "FGSM, ε 8/255"]);
  assert.deepEqual(titles([...ours, clean("bcd", "digits")]), [
    "Clean (sample test)",
    "Clean (digits test)",
    "FGSM, ε 8/255 (sample test)",
  ]);
  const changed = clean("bcd", "sample");
  assert.deepEqual(titles([...ours, { ...changed, data: { ...changed.data, sha256: "f".repeat(64) } }], true), [
    "Clean (images 00000000)",
    "Clean (images ffffffff)",
    "FGSM, ε 8/255 (images 00000000)",
  ]);
});

test("of two evaluations that agree on what they share the larger counts; where they disagree, one has to be chosen", () => {
  const more = result({ method: "abc", flags: [1, 0, 1, 1], run: "more" });
  const few = (flags: readonly number[], from = 0) => result({ method: "abc", flags, from, run: "few" });
  for (const records of [
    [few([1, 0]), more],
    [more, few([1, 0])],
    [more, few([1, 1], 2), more],
  ]) {
    const [merged] = [...(collect(records).networks[0]?.results.values() ?? [])];
    assert.deepEqual([merged?.range, merged?.correct], [[0, 4], 3]); // biome-ignore format: one line
  }
  assert.throws(
    () => collect([few([1, 1]), more]),
    /two evaluations of fgsm .* overlap \(runs (few and more|more and few)\): samples 0 to 1 .* disagree on 1 \(1\); give one of them/,
  );
  assert.throws(() => collect([more, few([1, 1, 0], 2)]), /two evaluations .* samples 2 to 3 .*; give one of them/);
});
