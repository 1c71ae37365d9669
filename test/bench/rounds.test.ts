import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { formatRecord } from "../../src/formats/ndjson.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { Child } from "./child.js";
import { Journal } from "./journal.js";
import type { Figure } from "./output.js";
import { cell, secondsOf, takeTurns } from "./rounds.js";

/** Answers the n-th request by n seconds; "broken" is what it cannot do. */
const COUNTING = `
let asked = 0;
for await (const line of (await import("node:readline")).createInterface({ input: process.stdin })) {
  const reply = JSON.parse(line).work === "broken" ? { error: "cannot" } : { seconds: [++asked], passes: asked / 2 };
  console.log(JSON.stringify(reply));
}`;

function counting(context: TestContext): Child {
  const child = new Child({
    ...{ name: "counting", program: process.execPath },
    arguments: ["--input-type=module", "--eval", COUNTING],
  });
  context.after(() => child.end());
  return child;
}

function journalOf(path: string | null) {
  const lines: string[] = [];
  const write = (name: string, figure: Figure) => {
    lines.push(formatRecord({ type: "benchmark", run: "r", time: "2026-01-01T00:00:00Z", name, ...figure }));
  };
  return { journal: new Journal(path, write), lines };
}

const options = { rounds: 2, secondsPerCell: 100, betweenRounds: async () => {} };

test("each cell is measured once a round, in turns, and its first turn is not counted", async (context) => {
  const child = counting(context);
  const cells = [cell(child, { threads: 1, name: "a" }, 1), cell(child, { threads: 2, name: "b" }, 1)];
  await takeTurns(cells, { ...options, journal: journalOf(null).journal });
  assert.deepEqual(
    cells.map(({ samples }) => samples),
    [
      [3, 5],
      [4, 6],
    ],
  );
  assert.deepEqual(
    cells.map(({ shares }) => shares?.network),
    [0.5, 0.5],
  );
  assert.equal(secondsOf({ samples: [5, 1, 3] }), 3);
});

test("a cell rests once it has taken its seconds, and what cannot be done is not asked again", async (context) => {
  const child = counting(context);
  const cells = [cell(child, { threads: 1 }, 1), cell(child, { threads: 1, work: "broken" }, 1)];
  const { journal, lines } = journalOf(null);
  await takeTurns(cells, { ...options, secondsPerCell: 0, journal });
  assert.deepEqual(cells[0]?.samples, [2]);
  assert.equal(cells[1]?.error, "cannot");
  assert.equal(lines.length, 1);
});

test("a run goes on with what an earlier one had measured, whole or broken off in the middle", async (context) => {
  const path = join(temporaryFolder(context), "earlier.ndjson");
  const earlier = journalOf(null);
  const request = { threads: 1, name: "a" };
  await takeTurns([cell(counting(context), request, 1)], { ...options, journal: earlier.journal });
  assert.equal(earlier.lines.length, 2);
  writeFileSync(path, `> a line of npm\n${earlier.lines[0]}${earlier.lines[1]?.slice(0, 40)}`);
  const one = cell(counting(context), request, 1);
  const later = journalOf(path);
  await takeTurns([one], { ...options, journal: later.journal });
  assert.deepEqual(one.samples, [2, 2]);
  assert.equal(later.lines[0], earlier.lines[0]);
  writeFileSync(path, earlier.lines.join(""));
  const known = cell(new Child({ name: "counting", program: "no such program" }), request, 1);
  await takeTurns([known], { ...options, journal: journalOf(path).journal });
  assert.deepEqual(known.samples, [2, 3]);
});
