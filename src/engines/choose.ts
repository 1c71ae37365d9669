/** Which engine runs. */
import { availableParallelism } from "node:os";
import { ResourceError, UsageError } from "../core/errors.js";
import type { Engine } from "./engine.js";
import { nativeEngine } from "./native.js";
import { describeTensorflow } from "./tensorflow/description.js";
import { areHidden, areNamed, hasGraphicsCard } from "./tensorflow/graphics-cards.js";
import { findInstallation, type Installation, installedBy, installedWithCuda } from "./tensorflow/installation.js";
import { probe } from "./tensorflow/probe.js";
import { tensorflowEngine } from "./tensorflow.js";

export type EngineName = "auto" | "native" | "tensorflow";

export interface EngineChoice {
  readonly engine: EngineName;
  /** Undefined: one for each core. */
  readonly threads?: number | undefined;
  /** Takes a line for people, such as why the first step takes long. */
  readonly announce?: (line: string) => void;
}

/**
 * "auto" takes tensorflow where it sees a graphics card, else native; the engine's `info.reason` says why.
 * Throws UsageError for an engine that is not there, ResourceError for one that does not load, and for tensorflow where a card
 * was asked for (CUDA_VISIBLE_DEVICES names one, or the installation is the one with CUDA) and none can be used.
 */
export function chooseEngine(choice: EngineChoice): Engine {
  if (choice.engine === "tensorflow") return askedTensorflow(choice);
  if (choice.engine === "native") return native(choice, "asked for");
  const { name, reason } = automatic();
  return name === "native" ? native(choice, reason) : tensorflowEngine({ ...choice, reason });
}

/** Any number of threads gives the same bits; more than the machine runs at a time only cost. */
function native({ threads, announce }: EngineChoice, reason: string): Engine {
  const atOnce = availableParallelism();
  if (threads !== undefined && threads > atOnce)
    announce?.(`--threads ${threads}: this machine runs ${atOnce} at a time; more make nothing faster`);
  return nativeEngine(threads === undefined ? { reason } : { reason, threads });
}

function askedTensorflow(choice: EngineChoice): Engine {
  if (findInstallation() === null) {
    throw new UsageError(
      `--engine tensorflow: it is not installed; install it with: ${installedBy}; --engine native runs on every CPU`,
    );
  }
  const engine = tensorflowEngine({ ...choice, reason: "asked for" });
  if (engine.isGpu || !isCardWanted(engine.installation)) return engine;
  throw new ResourceError(
    `--engine tensorflow: no graphics card can be used (${noCardReason(engine.installation)}); CUDA_VISIBLE_DEVICES=-1 asks for the CPU, --engine native is made for it`,
  );
}

function isCardWanted({ built }: Installation): boolean {
  return areNamed() || (built !== null && built.cuda !== null && !areHidden());
}

/** Why the installed TensorFlow uses no card. */
function noCardReason(installation: Installation): string {
  if (installation.built !== null && installation.built.cuda === null) {
    return `the installed TensorFlow ${installation.built.tensorflow} is for CPUs; the one with CUDA is installed by ${installedWithCuda}`;
  }
  const { missing, problem } = probe(installation);
  if (missing.length > 0) return `missing: ${missing.join(", ")}`;
  return problem ?? (hasGraphicsCard() ? "TensorFlow sees none" : "this machine has none, or no driver for it");
}

/** What "auto" takes. TensorFlow is asked only where there is a card. */
function automatic(): { readonly name: "native" | "tensorflow"; readonly reason: string } {
  if (areHidden()) return { name: "native", reason: "CUDA_VISIBLE_DEVICES hides every graphics card" };
  if (!hasGraphicsCard()) return { name: "native", reason: "no graphics card is seen" };
  const installation = findInstallation();
  if (installation === null) {
    return { name: "native", reason: "there is a graphics card, but the tensorflow engine is not installed" };
  }
  if (probe(installation).isGpu) return { name: "tensorflow", reason: "it sees a graphics card" };
  return { name: "native", reason: `TensorFlow can use no graphics card: ${noCardReason(installation)}` };
}

/** Lines for `--engines`: each engine with whether and on what it runs here, then what "auto" takes. */
export function describeEngines(): string {
  const { name, reason } = automatic();
  return [
    ...underName("native", [describeNative()]),
    ...underName("tensorflow", describeTensorflow()),
    ...underName("auto", [`takes ${name}: ${reason}`]),
  ].join("\n");
}

function underName(name: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => (i === 0 ? name : "").padEnd(12) + line);
}

function describeNative(): string {
  try {
    const { device, threads } = nativeEngine({ reason: "listed" }).info;
    return `${device}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  } catch (error) {
    return `not available: ${error instanceof Error ? error.message : String(error)}`;
  }
}
