/** Completion scripts for shells, from the same option tables as flags and help. */
import { UsageError } from "../core/errors.js";
import { completedCommands } from "./completed-commands.js";
import { bashCompletion } from "./completion-bash.js";
import { zshCompletion } from "./completion-zsh.js";

/** The script of `sparse-robust completion SHELL`. UsageError for a shell that there is none for. */
export async function completionScript(shell: string | undefined): Promise<string> {
  if (shell !== "bash" && shell !== "zsh") {
    const what = shell === undefined ? "which shell?" : `${shell}: there is no completion for this shell;`;
    throw new UsageError(`completion: ${what} bash and zsh have one: sparse-robust completion bash`);
  }
  const commands = await completedCommands();
  return shell === "bash" ? bashCompletion(commands) : zshCompletion(commands);
}
