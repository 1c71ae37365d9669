/** What `attack-eval` does once its options are read: attacks, or says what it would attack, or shows networks. */
import { UsageError } from "../core/errors.js";
import { requireDataName } from "../data/catalog.js";
import type { AttackOptions } from "./attack-options.js";
import { checkOutputs } from "./attack-outputs.js";
import { parseShard, planAttacks } from "./attack-plan.js";
import { attackAll } from "./attack-run.js";
import { chosenIndices, chosenSamples, parseIndices } from "./attack-samples.js";
import { attackTargets, openNetwork, type Target } from "./attack-targets.js";
import type { CommandContext } from "./command.js";
import { networkText } from "./show-network.js";
import { testImages } from "./test-images.js";

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
  const attacks = [
    "clean",
    ...planAttacks(values).map(({ recipe, epsilonText }) => `${recipe.name} at ε ${epsilonText}`),
  ];
  for (const path of paths) {
    if (path === "-") {
      context.note(`would attack the ${values.role} checkpoint of each run on standard input: ${attacks.join(", ")}`);
      continue;
    }
    const images = await testImages(await openNetwork({ type: "file", path }), values);
    const chosen = chosenSamples(images, values);
    const [from, to] = chosen.range;
    const count = chosen.included === null ? "" : `${chosenIndices(chosen).length} of `;
    const which = `${images.name} test images ${from} to ${to - 1}`;
    context.note(`would attack ${path} on ${count}${which}: ${attacks.join(", ")}`);
  }
  return 0;
}

async function showNetworks(targets: AsyncGenerator<Target>, context: CommandContext): Promise<number> {
  for await (const target of targets) {
    if (target.type === "none") context.note(target.reason);
    else context.print(networkText(target.path, (await openNetwork(target)).file));
  }
  return 0;
}
