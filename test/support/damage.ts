/** Damages files at random, to see that a reader refuses them by name or takes them, and does nothing else. */
import assert from "node:assert/strict";
import { InputError } from "../../src/core/errors.js";
import { stream } from "../../src/core/rng.js";

/** Cut and overwritten copies of `bytes`, `count` of each, the same in every run. */
export function* damaged(bytes: Uint8Array, count: number): Generator<Buffer> {
  const draws = stream(1, "order", 77);
  for (let i = 0; i < count; i++) {
    yield Buffer.from(bytes.subarray(0, draws.integer(bytes.length)));
    const copy = Buffer.from(bytes);
    for (let flips = 1 + draws.integer(3); flips > 0; flips--) copy[draws.integer(copy.length)] = draws.integer(256);
    yield copy;
  }
}

/** Fails unless reading gives something, or an InputError of one line that begins with the file's name. */
export async function requireCalm(reading: () => Promise<unknown>, file: string): Promise<void> {
  await reading().catch((error: unknown) => {
    assert.ok(error instanceof InputError, String(error instanceof Error ? error.stack : error));
    assert.ok(error.message.startsWith(file), error.message);
    assert.doesNotMatch(error.message, /\n/);
  });
}
