import assert from "node:assert/strict";
import { test } from "node:test";
import { noteUnused, unusedOfData, unusedOfObjective } from "../../src/commands/unused-options.js";

function notesOf(choice: { objective: string; select: string }, ...typed: string[]): readonly string[] {
  const notes: string[] = [];
  noteUnused(unusedOfObjective(choice), { typed: new Set(typed), note: (text) => notes.push(text) });
  return notes;
}

test("an option that another one leaves without effect is told, if it was typed", () => {
  assert.deepEqual(notesOf({ objective: "at", select: "last" }, "beta"), ["--beta: has no effect with --objective at"]);
  assert.deepEqual(notesOf({ objective: "at", select: "last" }), []);
  assert.deepEqual(notesOf({ objective: "trades", select: "last" }, "beta", "epsilon", "attackSteps"), []);
});

test("radius and step count without a training attack where val-pgd selects", () => {
  assert.deepEqual(notesOf({ objective: "natural", select: "val-pgd" }, "epsilon", "attackStep"), []);
  assert.deepEqual(notesOf({ objective: "natural", select: "last" }, "epsilon", "attackStep"), [
    "--epsilon, --attack-step: have no effect with --objective natural and --select last",
  ]);
});

test("a folder of published files where none are looked for", () => {
  for (const [data, expected] of [
    ["sample", ["--data-dir: has no effect with --data sample"]],
    ["./own", ["--data-dir: has no effect with --data ./own"]],
    ["cifar10", []],
  ] as const) {
    const notes: string[] = [];
    noteUnused(unusedOfData(data), { typed: new Set(["dataDir"]), note: (text) => notes.push(text) });
    assert.deepEqual(notes, expected);
  }
});
