/** What a reader has to say about a damaged file. */
import assert from "node:assert/strict";
import { InputError } from "../../src/core/errors.js";

/** Fails unless the reading ends in an InputError of one line that matches. */
export async function refused(reading: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}
