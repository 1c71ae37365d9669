import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../../src/engines/engine.js";
import { nativeEngine } from "../../src/engines/native.js";
import { connectionExchange } from "../../src/training/connection-exchange.js";
import { assertNew, type SeenStep, watchExchanges } from "../support/exchanging-perceptron.js";
import { plainEngine } from "../support/plain-engine.js";

const EVERY = 5;
const END = 30;
const STEPS = 40;

for (const [name, engine] of [
  ["plain", plainEngine],
  ["native", nativeEngine({ reason: "tests", threads: 2 })],
] satisfies [string, Engine][]) {
  for (const grow of ["random", "gradient"] as const) {
    test(`connections are exchanged (${grow}, ${name}) every ${EVERY} steps up to ${END}, each layer keeping its number`, () => {
      const exchanged: number[] = [];
      run({ engine, grow }, ({ training, before, result, step }) => {
        const after = training.connections(0);
        const grown = assertNew(training, before);
        assert.deepEqual([...result.connections], [before.length, training.connections(1).length]);
        assert.equal(after.length, before.length);
        if (step > 0 && step % EVERY === 0 && step <= END) exchanged.push(result.reconnected);
        else assert.deepEqual([result.reconnected, grown.length], [0, 0]);
      });
      assert.equal(exchanged.length, END / EVERY);
      assert.ok((exchanged[0] ?? 0) > (exchanged.at(-2) ?? 0), String(exchanged));
      assert.equal(exchanged.at(-1), 0, "at the end the share has fallen to 0");
    });
  }
}

test("where the loss wants a connection most, one comes", () => {
  run({ engine: plainEngine, grow: "gradient" }, ({ training, before, gradient, step }) => {
    const after = training.connections(0);
    const grown = [...after].filter((position) => !before.includes(position));
    if (step !== EVERY) return;
    const size = (position: number) => Math.abs(gradient?.[position] ?? 0);
    const absent = Array.from({ length: 60 }, (_, position) => position).filter((i) => !after.includes(i));
    // What has just gone may not come back unless its gradient is as large.
    assert.ok(grown.length > 0);
    assert.ok(Math.min(...grown.map(size)) >= Math.max(...absent.map(size)));
  });
});

function run({ engine, grow }: { engine: Engine; grow: "random" | "gradient" }, see: (seen: SeenStep) => void): void {
  const update = { seed: 1, momentum: 0.9, grow, every: EVERY, fraction: 0.5, end: END };
  watchExchanges(
    {
      ...{ engine, mode: grow === "random" ? "set" : "rigl", units: 6, density: 0.5, steps: STEPS },
      update: (network) => connectionExchange({ ...network, ...update }),
    },
    (seen) => {
      const { gradient, step } = seen;
      assert.equal(gradient !== null, grow === "gradient" && step > 0 && step % EVERY === 0 && step <= END);
      see(seen);
    },
  );
}
