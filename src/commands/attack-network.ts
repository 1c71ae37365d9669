/** Attacks one network: its images, its result records, its progress. */
import { evaluate } from "../attacks/evaluation.js";
import type { Journal } from "../attacks/journal.js";
import type { ProgressState } from "../attacks/meter.js";
import { type Outcome, resultFields } from "../attacks/outcome.js";
import { parseNumber } from "../core/units.js";
import { toFloat } from "../data/batches.js";
import type { ImageSet } from "../data/image-set.js";
import type { Inference } from "../engines/engine.js";
import type { AdversarialImages } from "./adversarial-images.js";
import type { SpelledAttack } from "./attack-plan.js";
import type { ChosenSamples } from "./attack-samples.js";
import type { OpenNetwork } from "./attack-targets.js";
import { classNotice } from "./class-notice.js";
import type { CommandContext, ProgressTask } from "./command.js";
import { reportNotice } from "./image-notice.js";
import { curveLines, normsText } from "./outcome-text.js";
import type { Recorder } from "./recorder.js";

export interface AttackableNetwork extends OpenNetwork {
  readonly images: ImageSet;
  readonly inference: Inference;
}

/** The network that images are crafted on (`--transfer-from`). */
export interface SourceNetwork {
  readonly path: string;
  readonly inference: Inference;
  readonly sha256: string;
}

export interface AttackRunOptions {
  readonly source: SourceNetwork | null;
  readonly attacks: readonly SpelledAttack[];
  readonly chosen: ChosenSamples;
  readonly seed: number;
  readonly batchSize: number;
  readonly journal: Journal;
  readonly adversarial: AdversarialImages;
  /** Path of the picture that will be drawn, for the records. */
  readonly pictures: string | null;
  /** Asked between engine calls; true ends the evaluation. */
  readonly stopped: () => boolean;
  readonly context: CommandContext;
  readonly recorder: Recorder;
}

/** Emits one attack.result for each attack, `clean` first, as soon as it is known, and gives them. Ends early when stopped. */
export async function attackNetwork(
  network: AttackableNetwork,
  options: AttackRunOptions,
): Promise<readonly Outcome[]> {
  const { source, attacks, chosen, seed, batchSize, journal, adversarial, context, recorder } = options;
  const outcomes: Outcome[] = [];
  const bar = attackProgress(network.reference.path, context);
  warnOfRadius(network, attacks, recorder);
  warnOfItself(network, options);
  warnOfClasses(network, options);
  reportNotice(network.images, recorder, context.note);
  try {
    const results = evaluate({
      inference: network.inference,
      ...(source === null ? {} : { source }),
      samples: { labels: network.images.labels, images: (indices) => toFloat(network.images, indices) },
      range: chosen.range,
      ...(chosen.included === null ? {} : { included: chosen.included }),
      ...{ attacks, seed, batchSize, journal },
      bounds: [0, 1],
      hooks: { interrupted: options.stopped, progress: bar.show, fooled: adversarial.take },
    });
    for await (const outcome of results) {
      bar.done();
      outcomes.push(outcome);
      emitResult(outcome, network, options);
      await context.drained();
    }
  } finally {
    bar.done();
  }
  for (const line of curveLines(outcomes, attacks)) context.note(`${network.reference.path}: ${line}`);
  return outcomes;
}

function emitResult(
  outcome: Outcome,
  { reference, images }: AttackableNetwork,
  { source, attacks, pictures, context, recorder }: AttackRunOptions,
): void {
  const fields = resultFields(outcome);
  const epsilonText = radiusText(outcome, attacks);
  const { name, split, sha256 } = images;
  const drawn = pictures === null || outcome.epsilon === 0 ? {} : { pictures };
  const data = { name, split, sha256 };
  recorder.record("attack.result", { checkpoint: reference, ...fields, epsilonText, data, ...drawn });
  const { accuracy, correct, samples, seconds } = fields;
  const radius = outcome.epsilon === 0 ? "" : ` ε ${epsilonText}`;
  const percent = (100 * accuracy).toFixed(samples >= 10_000 ? 2 : 1);
  const foolbox = outcome.foolboxCorrect ?? correct;
  const counts = foolbox === correct ? `${correct}/${samples}` : `${correct}/${samples}, as Foolbox counts ${foolbox}`;
  const origin = source === null || outcome.attack.name === "clean" ? "" : ` from ${source.path}`;
  const title = `${reference.path}: ${outcome.attack.name}${radius}${origin}`;
  context.note(`${title} ${percent}% (${counts}), ${seconds.toFixed(1)} s`);
  if (outcome.norms !== undefined) context.note(`${title}: ${normsText(outcome.norms)}`);
  for (const { message } of outcome.reliability.filter(({ member }) => member === undefined)) {
    context.note(`${title}: ${message}`);
  }
}

/** As the user wrote it; every outcome of an ensemble has its radius. */
function radiusText({ attack, norm, epsilon }: Outcome, attacks: readonly SpelledAttack[]): string {
  if (attack.name === "clean") return "0";
  return attacks.find((one) => one.norm === norm && one.epsilon === epsilon)?.epsilonText ?? String(epsilon);
}

function attackProgress(path: string, { progress }: CommandContext) {
  let current: { readonly attack: string; readonly task: ProgressTask } | null = null;
  const show = ({ attack, done, total, robust }: ProgressState) => {
    if (current?.attack !== attack) {
      current = { attack, task: progress.start({ title: `${path}: ${attack}`, total, unit: "images" }) };
    }
    current.task.at(done, total, robust === null ? "" : `${robust} still right`);
  };
  const done = () => {
    current?.task.done();
    current = null;
  };
  return { show, done };
}

/** A network is often attacked at the radius that it was trained for; another one is worth a word. */
function warnOfRadius(
  { file, reference }: AttackableNetwork,
  attacks: readonly SpelledAttack[],
  recorder: Recorder,
): void {
  const { objective, config } = file.checkpoint;
  const text = String(config?.epsilon ?? "");
  if (objective === "natural" || !/^[\d.]+(\/[\d.]+)?$/.test(text)) return;
  const trained = parseNumber(text);
  const other = attacks.find(({ norm, epsilon }) => norm === "linf" && Math.abs(epsilon - trained) > 1e-9);
  if (other === undefined) return;
  recorder.warn(
    "epsilon-differs",
    `${reference.path} was trained at ε ${text} and is attacked at ε ${other.epsilonText}`,
  );
}

/** Images that come from the network itself show no transfer: they are those of the attack without `--transfer-from`. */
function warnOfItself({ file, reference }: AttackableNetwork, { source, context, recorder }: AttackRunOptions): void {
  if (source?.sha256 !== file.sha256) return;
  const message = `--transfer-from ${source.path} and ${reference.path} are the same network; nothing is transferred`;
  recorder.warn("transfer-to-itself", message);
  context.note(message);
}

function warnOfClasses(network: AttackableNetwork, { context, recorder }: AttackRunOptions): void {
  const message = classNotice(network, network.images);
  if (message === null) return;
  recorder.warn("other-classes", message);
  context.note(message);
}
