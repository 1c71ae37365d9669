/** Which engine runs. */
import { UsageError } from "../core/errors.js";
import type { Engine } from "./engine.js";
import { nativeEngine } from "./native.js";

export type EngineName = "auto" | "native" | "tensorflow";

/**
 * `threads` undefined: one for each core. Throws UsageError for an engine that is not there, ResourceError for one that
 * does not load.
 */
export function chooseEngine({ engine, threads }: { engine: EngineName; threads?: number | undefined }): Engine {
  if (engine === "tensorflow") {
    throw new UsageError("--engine tensorflow: this version has no such engine; --engine native runs on every CPU");
  }
  const reason = engine === "native" ? "asked for" : "the only engine of this version";
  return nativeEngine(threads === undefined ? { reason } : { reason, threads });
}

/** A line for each engine: name, whether it runs here and on what, for `--engines`. */
export function describeEngines(): string {
  return `${describeNative()}\ntensorflow  not in this version`;
}

function describeNative(): string {
  try {
    const { device, threads } = nativeEngine({ reason: "listed" }).info;
    return `native      ${device}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  } catch (error) {
    return `native      not available: ${error instanceof Error ? error.message : String(error)}`;
  }
}
