/** The files that `attack-eval` writes beside its records: attacked images, pictures, an entry for RobustBench, dense weights. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Outcome } from "../attacks/outcome.js";
import { InputError, UsageError } from "../core/errors.js";
import { fileError } from "../core/file-errors.js";
import { writeNetworkFile } from "../models/network-file.js";
import { type AdversarialImages, attackedSamples, saveAdversarial } from "./adversarial-images.js";
import { writePictures } from "./adversarial-picture.js";
import type { AttackableNetwork } from "./attack-network.js";
import type { AttackOptions } from "./attack-options.js";
import type { SpelledAttack } from "./attack-plan.js";
import { type ChosenSamples, chosenIndices } from "./attack-samples.js";
import type { OpenNetwork } from "./attack-targets.js";
import type { CommandContext } from "./command.js";
import { LISTED_ATTACK, writeBenchmarkEntry } from "./robustbench.js";

type OutputFlags = Pick<AttackOptions, "saveAdversarial" | "pictures" | "exportRobustbench" | "exportDense">;

/**
 * UsageError for a file that exists, unless the evaluation that wrote it is gone on with, and for what does not go together;
 * InputError where a file cannot be: what takes hours should not end with that.
 */
export function checkOutputs(
  values: OutputFlags & Pick<AttackOptions, "force" | "state">,
  attacks: readonly SpelledAttack[],
): void {
  checkPlaces([...outputsOf(values), ["--state", values.state]]);
  const goesOn = values.state !== null && existsSync(values.state);
  for (const [flag, path] of outputsOf(values)) {
    if (path === null || values.force || goesOn || !existsSync(path)) continue;
    throw new UsageError(`${flag} ${path}: the file exists; --force overwrites it`);
  }
  const radii = new Set(attacks.map(({ epsilon }) => epsilon));
  const ofOneRadius = outputsOf({ ...values, exportDense: null }).find(([, path]) => path !== null);
  if (ofOneRadius !== undefined && radii.size > 1) {
    throw new UsageError(`${ofOneRadius.join(" ")}: is of one radius, and --epsilons gives ${radii.size}`);
  }
  if (values.exportRobustbench !== null && !attacks.some(({ recipe }) => recipe.name === LISTED_ATTACK)) {
    throw new UsageError(
      `--export-robustbench ${values.exportRobustbench}: holds the accuracy under ${LISTED_ATTACK}; add it to --attacks`,
    );
  }
}

/** UsageError for one path with two flags, InputError for a folder that is not there or must not be written to. */
function checkPlaces(outputs: ReturnType<typeof outputsOf>): void {
  const taken = new Map<string, string>();
  for (const [flag, path] of outputs) {
    if (path === null) continue;
    const place = resolve(path);
    const other = taken.get(place);
    if (other !== undefined) throw new UsageError(`${other} and ${flag} are one file, ${path}; give each its own`);
    taken.set(place, flag);
    try {
      // Only a folder has a dot in it.
      accessSync(`${dirname(place)}/.`, constants.W_OK);
    } catch (error) {
      throw fileError(error, "write", path);
    }
    if (statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
      throw new InputError(`cannot write ${path}: it is a folder, not a file`);
    }
  }
}

/** UsageError where the second network comes and a file is asked for that holds one. */
export function checkOneNetwork(values: OutputFlags, path: string): void {
  const asked = outputsOf(values).find(([, file]) => file !== null);
  if (asked === undefined) return;
  throw new UsageError(`${asked.join(" ")}: one file holds one network, and ${path} is the second`);
}

function outputsOf(values: OutputFlags): readonly (readonly [flag: string, path: string | null])[] {
  return [
    ["--save-adversarial", values.saveAdversarial],
    ["--pictures", values.pictures],
    ["--export-robustbench", values.exportRobustbench],
    ["--export-dense", values.exportDense],
  ];
}

export async function exportDense(
  { file, reference }: OpenNetwork,
  path: string,
  context: CommandContext,
): Promise<void> {
  await writeNetworkFile(path, file.network, file.checkpoint, { dense: true });
  context.note(`${reference.path}: written to ${path} with dense weights`);
}

export interface AttackedNetwork {
  readonly network: AttackableNetwork;
  readonly chosen: ChosenSamples;
  readonly attacks: readonly SpelledAttack[];
  readonly outcomes: readonly Outcome[];
  readonly adversarial: AdversarialImages;
  readonly batchSize: number;
}

/** What the flags ask for of an evaluation that came to its end. */
export async function writeOutputs(
  attacked: AttackedNetwork,
  flags: OutputFlags,
  context: CommandContext,
): Promise<void> {
  const { network, chosen, attacks, outcomes, adversarial, batchSize } = attacked;
  const { images, inference, reference, file } = network;
  const set = { inference, images, indices: chosenIndices(chosen), examples: adversarial.examples, batchSize };
  const { norm = "linf", epsilonText = "0" } = attacks[0] ?? {};
  const { saveAdversarial: saved, pictures, exportRobustbench } = flags;
  if (saved !== null) {
    const facts = { checkpoint: file.sha256, data: images.name, dataSha256: images.sha256, norm, epsilon: epsilonText };
    await saveAdversarial(saved, set, facts);
    context.note(`${reference.path}: ${set.indices.length} images, attacked ones among them, written to ${saved}`);
  }
  if (pictures !== null) {
    const title = `${norm === "linf" ? "L∞" : norm.toUpperCase()} ε ${epsilonText}`;
    await writePictures(pictures, attackedSamples(set), { images, title });
    context.note(`${reference.path}: drawn to ${pictures}`);
  }
  if (exportRobustbench !== null)
    await writeBenchmarkEntry(exportRobustbench, { network, images, outcomes, epsilonText });
}
