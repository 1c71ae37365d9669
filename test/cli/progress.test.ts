import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { mock, test } from "node:test";
import { screenFor, timeText } from "../../src/cli/progress.js";

/** Stands for stderr that is no terminal. */
function sink() {
  const stream = new PassThrough();
  const text = () => String(stream.read() ?? "");
  return { stderr: Object.assign(stream, { isTTY: false }), text };
}

test("times are short and read at a glance", () => {
  assert.deepEqual([0, 45, 200, 7500].map(timeText), ["0s", "45s", "3m 20s", "2h 05m"]);
});

test("without a terminal there is a line now and then, with the time left", () => {
  let now = 0;
  const clock = mock.method(performance, "now", () => now);
  const { stderr, text } = sink();
  const task = screenFor({ name: "toy", quiet: false, stderr }).progress.start({
    title: "epoch 1",
    total: 100,
    unit: "steps",
  });
  now = 10_000;
  task.advance(10);
  assert.equal(text(), "", "nothing in the first seconds");
  now = 25_000;
  task.advance(15, "loss 1.5");
  assert.equal(text(), "toy: epoch 1 25/100 steps, 1m 15s left, loss 1.5\n");
  now = 26_000;
  task.advance(1);
  assert.equal(text(), "", "and not at every step");
  clock.mock.restore();
});

test("with --quiet there is nothing, not even messages", () => {
  const { stderr, text } = sink();
  const screen = screenFor({ name: "toy", quiet: true, stderr });
  screen.note("a message");
  screen.progress.start({ title: "epoch 1", total: 1, unit: "steps" }).advance(1);
  assert.equal(text(), "");
});

test("a message names the command", () => {
  const { stderr, text } = sink();
  screenFor({ name: "toy", quiet: false, stderr }).note("a message");
  assert.equal(text(), "toy: a message\n");
});
