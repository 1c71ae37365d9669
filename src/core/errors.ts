/** Errors by what the user can do about them; thrown low, printed once in cli/exit.ts. */

/** The command line or config is wrong: exit 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A file or stream is missing, malformed or does not fit: exit 2. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Device, memory or disk failed: exit 3. */
export class ResourceError extends Error {
  override readonly name = "ResourceError";
}
