/** The tensorflow engine in a few lines for people: versions, cards with their memory, what is missing. */
import { type GraphicsCard, listGraphicsCards } from "./graphics-cards.js";
import { findInstallation, type Installation, installedBy } from "./installation.js";
import { type Probe, probe } from "./probe.js";

/** What is known of an installation. */
export interface Found {
  readonly installation: Installation;
  readonly probe: Probe;
  readonly cards: readonly GraphicsCard[];
}

/** The lines of this machine's. */
export function describeTensorflow(): string[] {
  const installation = findInstallation();
  if (installation === null) return describeFound(null);
  return describeFound({ installation, probe: probe(installation), cards: listGraphicsCards() });
}

export function describeFound(found: Found | null): string[] {
  if (found === null) return [`not installed; install it with: ${installedBy}`];
  const { installation, cards } = found;
  const { version, isGpu, missing, problem } = found.probe;
  if (version === null)
    return [`does not load: ${problem ?? "it gives no reason"}; install it anew with: ${installedBy}`];
  const lines = [`TensorFlow ${version}, ${cudaText(installation)}; ${isGpu ? "on a graphics card" : "on the CPU"}`];
  for (const card of cards) lines.push(`${card.name}, ${memoryText(card.memoryBytes)}${isGpu ? "" : ", not used"}`);
  if (missing.length > 0) lines.push(`libraries that were not found: ${missing.join(", ")}`);
  if (!isGpu && problem !== null) lines.push(problem);
  return lines;
}

function cudaText({ built }: Installation): string {
  if (built === null) return "as npm installed it";
  return built.cuda === null ? "built for CPUs" : `CUDA ${built.cuda}, cuDNN ${built.cudnn ?? "unknown"}`;
}

function memoryText(bytes: number | null): string {
  return bytes === null ? "memory unknown" : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
