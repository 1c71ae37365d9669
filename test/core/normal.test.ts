import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fillNormalPair } from "../../src/core/normal.js";
import { stream } from "../../src/core/rng.js";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("a pair is the Box-Muller transform of its two words, to 1e-14", () => {
  const corners = [
    0,
    1,
    255,
    256,
    511,
    2 ** 29,
    2 ** 30,
    2 ** 31,
    3 * 2 ** 30,
    2 ** 32 - 257,
    2 ** 32 - 256,
    2 ** 32 - 1,
  ];
  for (const first of corners) for (const second of corners) check(first, second);
  fc.assert(fc.property(word, word, check), { numRuns: 2000 });
});

function check(first: number, second: number): void {
  const pair = new Float64Array(2);
  fillNormalPair(pair, first, second);
  const radius = Math.sqrt(-2 * Math.log(1 - (first >>> 8) * 2 ** -24));
  const angle = 2 * Math.PI * (second >>> 8) * 2 ** -24;
  const [x = Number.NaN, y = Number.NaN] = pair;
  assert.ok(Math.abs(x - radius * Math.cos(angle)) < 1e-14, `${first}, ${second}: cosine ${x}`);
  assert.ok(Math.abs(y - radius * Math.sin(angle)) < 1e-14, `${first}, ${second}: sine ${y}`);
}

test("the logarithm keeps its relative precision near 1", () => {
  const pair = new Float64Array(2);
  fillNormalPair(pair, 256, 0);
  const expected = Math.sqrt(-2 * Math.log1p(-(2 ** -24)));
  assert.ok(Math.abs((pair[0] ?? 0) / expected - 1) < 1e-15);
});

test("200,000 normals have the moments and the tails of the normal law", () => {
  const count = 200_000;
  const numbers = stream(1, "noise", 3);
  const values = Float64Array.from({ length: count }, () => numbers.normal());
  const mean = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / count;
  // Four standard errors each: of x^k it is the root of (E x^2k - (E x^k)^2) / count.
  const within = 4 / Math.sqrt(count);
  assert.ok(Math.abs(mean(1)) < within);
  assert.ok(Math.abs(mean(2) - 1) < within * Math.sqrt(2));
  assert.ok(Math.abs(mean(3)) < within * Math.sqrt(15));
  assert.ok(Math.abs(mean(4) - 3) < within * Math.sqrt(96));
  for (const [limit, share] of [
    [1, 0.317310507862914],
    [2, 0.04550026389635842],
    [3, 0.0026997960632601866],
    [4, 6.334248366623996e-5],
  ] as const) {
    const beyond = values.filter((x) => Math.abs(x) > limit).length / count;
    assert.ok(Math.abs(beyond - share) < within * Math.sqrt(share), `${beyond} beyond ${limit}`);
  }
});

test("normals that follow each other are uncorrelated", () => {
  const count = 100_000;
  const numbers = stream(2, "noise");
  const values = Float64Array.from({ length: count + 4 }, () => numbers.normal());
  for (const lag of [1, 2, 3, 4]) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (values[i] ?? 0) * (values[i + lag] ?? 0);
    assert.ok(Math.abs(sum / count) < 4 / Math.sqrt(count), `lag ${lag}`);
  }
});
