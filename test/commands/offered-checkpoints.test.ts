import assert from "node:assert/strict";
import { test } from "node:test";
import { OfferedCheckpoints, type Role } from "../../src/commands/offered-checkpoints.js";
import { parseRecord } from "../../src/records/events.js";

const BASE = { run: "r", time: "2026-01-02T03:04:05Z" };

function checkpoint(role: string, path: string) {
  const facts = {
    method: "bayes",
    density: 0.1,
    objective: "at",
    seed: 1,
    step: 1,
    epoch: 1,
    connections: 1,
    weights: 10,
  };
  const costs = { multiplyAdds: 1, bytes: 1, imageSteps: 1, forwardEquivalents: 1, seconds: 1 };
  return {
    type: "checkpoint",
    ...BASE,
    path,
    sha256: "a".repeat(64),
    role,
    model: { name: "m" },
    data: { name: "d" },
    ...facts,
    ...costs,
  };
}

const start = {
  type: "run.start",
  ...BASE,
  command: "sparse-train",
  version: "1",
  config: {},
  seed: 1,
  engine: null,
  data: null,
};
const end = (status: string) => ({ type: "run.end", ...BASE, status, seconds: 1 });

/** What the stream offers: paths of checkpoints, codes where there is none. */
function offers(role: Role, records: readonly object[]): readonly string[] {
  const offered = new OfferedCheckpoints(role);
  const during = records.flatMap((json, i) => {
    const record = parseRecord(json, `line ${i}`);
    return (record && offered.take(record)) ?? [];
  });
  return [...during, ...offered.cutOff()].map((offer) =>
    offer.type === "checkpoint" ? offer.record.path : offer.code,
  );
}

test("a run offers its best when it has ended, or its final when asked, or when it has no best", () => {
  const run = [start, checkpoint("best", "b"), checkpoint("final", "f"), end("done")];
  assert.deepEqual(offers("best", run), ["b"]);
  assert.deepEqual(offers("final", run), ["f"]);
  assert.deepEqual(offers("best", [start, checkpoint("final", "f"), end("done")]), ["f"]);
});

test("of several checkpoints of one role the last counts", () => {
  assert.deepEqual(offers("best", [start, checkpoint("best", "1"), checkpoint("best", "2"), end("done")]), ["2"]);
});

test("nothing is offered before the end, and an interrupted or failed run is only named", () => {
  const begun = [start, checkpoint("best", "b")];
  assert.deepEqual(offers("best", begun), ["run-unfinished"]);
  assert.deepEqual(offers("best", [...begun, end("interrupted")]), ["run-interrupted"]);
  assert.deepEqual(offers("best", [...begun, end("failed")]), ["run-failed"]);
});

test("a run of stages offers none, and says so; a run without checkpoints is silent", () => {
  assert.deepEqual(offers("best", [start, checkpoint("stage", "s"), end("done")]), ["no-checkpoint"]);
  assert.deepEqual(offers("best", [start, end("done")]), []);
});

test("a resumed run repeats its records and offers its checkpoint once", () => {
  const first = [start, checkpoint("best", "1"), end("interrupted")];
  assert.deepEqual(offers("best", [...first, start, checkpoint("best", "1"), checkpoint("final", "f"), end("done")]), ["run-interrupted", "1"]); // biome-ignore format: one line
});
