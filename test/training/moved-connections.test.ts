import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { sparseTrain } from "../../src/commands/sparse-train.js";
import { movedConnections } from "../../src/training/moved-connections.js";
import { callOf } from "../support/command-context.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("what went is what was there and came, less what is there", () => {
  const [before, connections, created] = [
    [10, 5, 3],
    [9, 7, 3],
    [2, 1, 0],
  ].map((counts) => Int32Array.from(counts));
  const moved = movedConnections(before ?? new Int32Array(0), {
    connections: connections ?? new Int32Array(0),
    ...(created ? { created } : {}),
  });
  assert.deepEqual(
    [[...moved.created], [...moved.deleted]],
    [
      [2, 1, 0],
      [3, -1, 0],
    ],
  );
});

test("where an update does not say what came, the counts' differences are taken", () => {
  const moved = movedConnections(Int32Array.of(4, 4, 4), { connections: Int32Array.of(6, 1, 4) });
  assert.deepEqual(
    [[...moved.created], [...moved.deleted]],
    [
      [2, 0, 0],
      [0, 3, 0],
    ],
  );
});

const epochSchema = z.object({
  step: z.number(),
  reconnected: z.number(),
  layers: z.array(z.object({ connections: z.number(), created: z.number(), deleted: z.number() })),
});

/** 54 of 60 images train, 6 steps an epoch. */
const small = {
  ...{ data: "sample", trainSamples: 60, model: "tinycnn", density: 0.1, batchSize: 9, epochs: 3, exchangeEvery: 2 },
  ...{ objective: "natural", select: "val-clean" },
};

for (const [mode, moves] of [
  ["bayes", true],
  ["set", true],
  ["fixed", false],
] as const) {
  test(`each epoch of a ${mode} run tells how many connections of each layer came and went`, async (t) => {
    const out = join(temporaryFolder(t), "run");
    const { options, context, lines } = await callOf(sparseTrain, { ...small, mode, out });
    assert.equal(await sparseTrain.run(options, context), 0);
    const epochs = lines().flatMap((record) => (record.type === "train.epoch" ? [epochSchema.parse(record)] : []));
    assert.equal(epochs.length, 3);
    let last: z.output<typeof epochSchema> | null = null;
    for (const epoch of epochs) {
      const came = epoch.layers.reduce((sum, { created }) => sum + created, 0);
      assert.equal(came, Math.round(6 * epoch.reconnected));
      if (last === null) assert.equal(came > 0, moves);
      for (const [i, { connections, created, deleted }] of (last === null ? [] : epoch.layers).entries())
        assert.equal(connections, (last?.layers[i]?.connections ?? 0) + created - deleted);
      last = epoch;
    }
  });
}
