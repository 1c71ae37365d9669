import assert from "node:assert/strict";
import { test } from "node:test";
import { compareNetworks } from "../../src/report/compare-networks.js";
import { layerDensityList, layerDensityRange } from "../../src/report/layer-densities.js";
import { collect, resultOf } from "./report-streams.js";

function cellsOf(...densities: readonly (readonly number[] | undefined)[]) {
  const results = densities.map((layerDensities, i) => {
    const result = resultOf({ method: "ours", seed: i + 1, flags: [1, 0] });
    return {
      ...result,
      checkpoint: { ...result.checkpoint, ...(layerDensities && { layerDensities: [...layerDensities] }) },
    };
  });
  const [column] = compareNetworks(collect(results)).columns;
  assert.ok(column);
  return [layerDensityRange(column), layerDensityList(column)].map(({ text, value }) => [text, value]);
}

test("the densities of the layers are told from the sparsest to the densest, with their plain mean, and in full in percent", () => {
  assert.deepEqual(cellsOf([1, 0.1, 0.04]), [
    ["0.04 to 1, mean 0.38", (1 + 0.1 + 0.04) / 3],
    ["100 10 4", "100 10 4"],
  ]);
});

test("of several seeds each layer's mean counts, and one ratio everywhere is said once", () => {
  assert.deepEqual(
    cellsOf([0.1, 0.1], [0.1, 0.1]).map(([text]) => text),
    ["0.1, mean 0.1", "10 10"],
  );
  assert.equal(cellsOf([0.2, 0.6], [0.4, 0.8])[0]?.[0], "0.3 to 0.7, mean 0.5");
});

test("networks whose file does not tell have no such cell", () => {
  assert.deepEqual(cellsOf(undefined), [
    ["", null],
    ["", null],
  ]);
});
