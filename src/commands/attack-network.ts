/** Attacks one network: its images, its result records, its progress. */
import { evaluate } from "../attacks/evaluation.js";
import { type Outcome, resultFields } from "../attacks/outcome.js";
import { parseNumber } from "../core/units.js";
import { toFloat } from "../data/batches.js";
import type { ImageSet } from "../data/image-set.js";
import type { Engine } from "../engines/engine.js";
import type { SpelledAttack } from "./attack-plan.js";
import type { OpenNetwork } from "./attack-targets.js";
import type { CommandContext, ProgressTask } from "./command.js";
import { reportNotice } from "./image-notice.js";
import type { Recorder } from "./recorder.js";

export interface AttackableNetwork extends OpenNetwork {
  readonly images: ImageSet;
}

export interface AttackRunOptions {
  readonly engine: Engine;
  readonly attacks: readonly SpelledAttack[];
  readonly range: readonly [number, number];
  readonly seed: number;
  readonly batchSize: number;
  readonly context: CommandContext;
  readonly recorder: Recorder;
}

/** Emits one attack.result for each attack, `clean` first, as soon as it is known. Ends early when interrupted. */
export async function attackNetwork(network: AttackableNetwork, options: AttackRunOptions): Promise<void> {
  const { engine, attacks, range, seed, batchSize, context, recorder } = options;
  const inference = engine.infer(network.file.network);
  const bar = attackProgress(network.reference.path, context);
  warnOfRadius(network, attacks, recorder);
  reportNotice(network.images, recorder);
  try {
    const results = evaluate({
      inference,
      samples: { labels: network.images.labels, images: (indices) => toFloat(network.images, indices) },
      ...{ range, attacks, seed, batchSize },
      bounds: [0, 1],
      hooks: { interrupted: () => context.ending.aborted, progress: bar.show },
    });
    for await (const outcome of results) {
      bar.done();
      emitResult(outcome, network, options);
      await context.drained();
    }
  } finally {
    bar.done();
    inference.dispose();
  }
}

function emitResult(
  outcome: Outcome,
  { reference, images }: AttackableNetwork,
  { attacks, context, recorder }: AttackRunOptions,
): void {
  const fields = resultFields(outcome);
  const epsilonText = radiusText(outcome, attacks);
  const { name, split, sha256 } = images;
  recorder.record("attack.result", { checkpoint: reference, ...fields, epsilonText, data: { name, split, sha256 } });
  const { accuracy, correct, samples, seconds } = fields;
  const radius = outcome.epsilon === 0 ? "" : ` ε ${epsilonText}`;
  const percent = (100 * accuracy).toFixed(samples >= 10_000 ? 2 : 1);
  const foolbox = outcome.foolboxCorrect ?? correct;
  const counts = foolbox === correct ? `${correct}/${samples}` : `${correct}/${samples}, as Foolbox counts ${foolbox}`;
  const title = `${reference.path}: ${outcome.attack.name}${radius}`;
  context.note(`${title} ${percent}% (${counts}), ${seconds.toFixed(1)} s`);
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
  const show = ({
    attack,
    done,
    total,
  }: {
    readonly attack: string;
    readonly done: number;
    readonly total: number;
  }) => {
    if (current?.attack !== attack) {
      current = { attack, task: progress.start({ title: `${path}: ${attack}`, total, unit: "images" }) };
    }
    current.task.at(done, total);
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
