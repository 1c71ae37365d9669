import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure } from "../../src/cli/exit.js";
import { InputError, ResourceError, UsageError } from "../../src/core/errors.js";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: from the system`), { code, syscall: "open" });
}

test("what the user can put right is 2, what the machine lacks is 3", () => {
  assert.deepEqual(describeFailure(new UsageError("wrong flag")), { code: 2, message: "wrong flag" });
  assert.deepEqual(describeFailure(new InputError("wrong file")), { code: 2, message: "wrong file" });
  assert.deepEqual(describeFailure(new ResourceError("no memory")), { code: 3, message: "no memory" });
  assert.equal(describeFailure(systemError("ENOENT")).code, 2);
  assert.equal(describeFailure(systemError("ENOSPC")).code, 3);
});

test("memory that cannot be had is no bug of ours", () => {
  const failure = describeFailure(new RangeError("Array buffer allocation failed"));
  assert.equal(failure.code, 3);
  assert.match(failure.message, /^out of memory .* --batch-size/);
});

test("everything else is our bug, and says so", () => {
  assert.match(
    describeFailure(new TypeError("x is undefined")).message,
    /^internal error: x is undefined \(a bug of ours/,
  );
  assert.deepEqual(describeFailure("thrown text"), { code: 3, message: "internal error: thrown text" });
});
