import assert from "node:assert/strict";
import { test } from "node:test";
import { densityOptions } from "../../src/commands/density-options.js";

const { density, sparsity } = densityOptions({ density: "", connections: "" });

test("percent are answered with the share, of density or of sparsity", () => {
  assert.throws(() => density.read("90"), /90 is out of range; .*; did you mean --sparsity 0\.9 or --density 0\.9\?$/);
  assert.throws(() => sparsity.read("99.5"), /99\.5 is out of range; .*; did you mean --sparsity 0\.995\?$/);
  assert.throws(() => density.read("10%"), /"10%" is not a number; write 10\/100$/);
  assert.throws(() => density.read("100"), /at most 1$/);
  assert.throws(() => density.read("0"), /at most 1$/);
});
