/** Errors as people see them: one message on stderr, and an exit code that a script can branch on. */
import { InputError, ResourceError, UsageError } from "../core/errors.js";
import { faultOf } from "../core/file-errors.js";

/** Exit codes besides 130 and 143 (interrupted). */
export const exitCodes = { done: 0, no: 1, input: 2, failure: 3 } as const;

export interface Failure {
  readonly code: number;
  readonly message: string;
}

/** The message and exit code of anything that was thrown. */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: exitCodes.failure, message: `internal error: ${String(error)}` };
  // A system's error that nobody has put into words.
  const fault = faultOf(error);
  if (error instanceof UsageError || error instanceof InputError || fault === "user") {
    return { code: exitCodes.input, message: error.message };
  }
  if (error instanceof ResourceError || fault === "machine") {
    return { code: exitCodes.failure, message: error.message };
  }
  if (error instanceof RangeError && /allocation failed|invalid array (buffer )?length/i.test(error.message)) {
    return { code: exitCodes.failure, message: `out of memory (${error.message}); a smaller --batch-size needs less` };
  }
  return { code: exitCodes.failure, message: `internal error: ${error.message} (a bug of ours; --debug prints where)` };
}

/** Prints `command: message` once, and the stack only with `debug`; gives the exit code. */
export function reportFailure(name: string, error: unknown, debug: boolean): number {
  const { code, message } = describeFailure(error);
  process.stderr.write(`${name}: ${message}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return code;
}
