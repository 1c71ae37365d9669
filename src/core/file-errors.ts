/** What the system says about a file, in one line for people, typed by what they can do about it. */
import { InputError, ResourceError } from "./errors.js";

/** The user can name another path, or change its rights: InputError. Everything else is the machine's: ResourceError. */
const BY_THE_USER: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder, not a file",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  EEXIST: "it exists already",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
};

const BY_THE_MACHINE: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EFBIG: "larger than the file system allows",
  EMFILE: "too many open files",
  EIO: "the disk reported an error",
};

/** Whose a failed system call is to mend; null for what is none. */
export function faultOf(error: unknown): "user" | "machine" | null {
  const code = systemCode(error);
  if (code === null) return null;
  return code in BY_THE_USER ? "user" : "machine";
}

/**
 * The error to throw instead of a failed system call's, `verb` being "read", "write" or the like: `cannot write run/a.json:
 * no space left on the disk`. What is no system error comes back as it was.
 */
export function fileError(error: unknown, verb: string, path: string): unknown {
  const code = systemCode(error);
  if (code === null) return error;
  const byUser = BY_THE_USER[code];
  if (byUser !== undefined) return new InputError(`cannot ${verb} ${path}: ${byUser}`, { cause: error });
  return new ResourceError(`cannot ${verb} ${path}: ${BY_THE_MACHINE[code] ?? code}`, { cause: error });
}

function systemCode(error: unknown): string | null {
  const isSystem = error instanceof Error && "syscall" in error && "code" in error;
  return isSystem && typeof error.code === "string" ? error.code : null;
}
