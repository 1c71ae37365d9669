/** What the commands that train do with a plan: carry it out on the engine asked for, or say what it would be. */
import { chooseEngine, type EngineName } from "../engines/choose.js";
import type { Engine } from "../engines/engine.js";
import { type CommandContext, exitCodeOf } from "./command.js";

export interface Asked {
  readonly engine: EngineName;
  /** Null: one for each core. */
  readonly threads: number | null;
  readonly dryRun: boolean;
}

export interface Planned {
  /** Gives the exit code. */
  readonly run: (engine: Engine) => Promise<number>;
  readonly describe: (engine: Engine) => Promise<string>;
}

/** Gives the exit code. Throws what `chooseEngine` and the plan throw. */
export async function carryOut({ run, describe }: Planned, asked: Asked, context: CommandContext): Promise<number> {
  const { engine: name, threads, dryRun } = asked;
  const engine = chooseEngine({ engine: name, threads: threads ?? undefined, announce: context.note });
  const signal = context.interrupted();
  if (signal !== null) return exitCodeOf(signal);
  if (!dryRun) return run(engine);
  context.note(await describe(engine));
  return 0;
}
