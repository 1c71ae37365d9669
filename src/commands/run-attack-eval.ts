/** What `attack-eval` does once its options are read: attacks, or says what it would attack, or shows networks. */
import { UsageError } from "../core/errors.js";
import { requireDataName } from "../data/catalog.js";
import { chooseEngine } from "../engines/choose.js";
import type { Engine } from "../engines/engine.js";
import type { SourceNetwork } from "./attack-network.js";
import type { AttackOptions } from "./attack-options.js";
import { checkOneNetwork, checkOutputs } from "./attack-outputs.js";
import { parseShard, planAttacks } from "./attack-plan.js";
import { attackAll } from "./attack-run.js";
import { chosenIndices, chosenSamples, parseIndices } from "./attack-samples.js";
import { attackTargets, openNetwork, type Target } from "./attack-targets.js";
import { classNotice } from "./class-notice.js";
import type { CommandContext } from "./command.js";
import { workText } from "./planned-work.js";
import { networkText } from "./show-network.js";
import { testImages } from "./test-images.js";
import { openSource, requireFit } from "./transfer-source.js";

export async function runAttackEval(values: AttackOptions, context: CommandContext): Promise<number> {
  const paths = context.positionals.length === 0 ? ["-"] : context.positionals;
  checkUsage(values, paths, context);
  if (values.dryRun) return sayPlan(values, paths, context);
  const targets = attackTargets(paths, { role: values.role, passOn: !values.show }, context);
  return values.show ? showNetworks(targets, context) : attackAll(targets, values, context);
}

/** All that can be wrong before a file is read. */
function checkUsage(values: AttackOptions, paths: readonly string[], context: CommandContext): void {
  checkOutputs(values, planAttacks(values));
  if (values.shard !== null) parseShard(values.shard);
  if (values.indices !== null) parseIndices(values.indices);
  if (values.data !== null) requireDataName(values.data);
  if (paths.includes("-") && context.stdin().isTerminal) {
    throw new UsageError(
      "nothing to attack: give checkpoint files, or pipe records in (sparse-train … | attack-eval …)",
    );
  }
}

/** `--dry-run`: opens what is there already; a stream is left for the real run. */
async function sayPlan(values: AttackOptions, paths: readonly string[], context: CommandContext): Promise<number> {
  const { engine: name, threads, transferFrom } = values;
  const engine = chooseEngine({ engine: name, threads: threads ?? undefined, announce: context.note });
  const source = transferFrom === null ? null : await openSource(transferFrom, engine);
  try {
    const seen = new Set<string>();
    for (const path of paths) {
      for (const line of await planLines(path, seen, { values, source, engine })) context.note(line);
    }
  } finally {
    source?.inference.dispose();
  }
  return 0;
}

interface Asked {
  readonly values: AttackOptions;
  readonly source: SourceNetwork | null;
  readonly engine: Engine;
}

/** `seen`: digests of the networks before. */
async function planLines(
  path: string,
  seen: Set<string>,
  { values, source, engine }: Asked,
): Promise<readonly string[]> {
  const attacks = planAttacks(values);
  const all = ["clean", ...attacks.map(({ recipe, epsilonText }) => `${recipe.name} at ε ${epsilonText}`)].join(", ");
  if (path === "-") return [`would attack the ${values.role} checkpoint of each run on standard input: ${all}`];
  const network = await openNetwork({ type: "file", path });
  if (seen.size > 0 && !seen.has(network.file.sha256)) checkOneNetwork(values, path);
  seen.add(network.file.sha256);
  if (source !== null) requireFit(source, network);
  const images = await testImages(network, values);
  const chosen = chosenSamples(images, values);
  const [from, to] = chosen.range;
  const count = chosen.included === null ? "" : `${chosenIndices(chosen).length} of `;
  const text = `would attack ${path} on ${count}${images.name} test images ${from} to ${to - 1}: ${all}`;
  const inference = source?.inference ?? engine.infer(network.file.network);
  try {
    const work = workText({ inference, images, indices: chosenIndices(chosen), attacks });
    const notice = classNotice(network, images);
    return [text, work, ...(notice === null ? [] : [notice])];
  } finally {
    if (source === null) inference.dispose();
  }
}

async function showNetworks(targets: AsyncGenerator<Target>, context: CommandContext): Promise<number> {
  for await (const target of targets) {
    if (target.type === "none") context.note(target.reason);
    else context.print(networkText(target.path, (await openNetwork(target)).file));
  }
  return 0;
}
