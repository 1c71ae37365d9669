/** The completion script for zsh. */
import type { CompletedCommand, CompletedFlag } from "./completed-commands.js";

/** For a folder of `$fpath`, or to be sourced. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const described = commands.map(({ name, summary }) => `      ${quoted(`${name}:${summary}`)}`);
  return `#compdef sparse-robust ${names.join(" ")}
# Completion of sparse-robust and its commands for zsh: keep this file as _sparse-robust in a folder of $fpath, or source it.
_sparse-robust() {
  local command=$service
  local -a commands
  if [[ $service == sparse-robust ]]; then
    commands=(
${described.join("\n")}
      'completion:Print a completion script, for bash or zsh'
    )
    if ((CURRENT == 2)); then
      _describe command commands
      _arguments '--help[print this text and exit]' '--version[print the version and exit]'
      return
    fi
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
  case $command in
    completion) _arguments '1:shell:(bash zsh)' ;;
${commands.map(commandCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _sparse-robust ]]; then
  _sparse-robust "$@"
else
  compdef _sparse-robust sparse-robust ${names.join(" ")}
fi
`;
}

function commandCase({ name, flags, takesFiles }: CompletedCommand): string {
  const specs = [...flags.map(flagSpec), ...(takesFiles ? ["*:file:_files"] : [])];
  return `    ${name})\n      _arguments -S \\\n${specs.map((spec) => `        ${quoted(spec)}`).join(" \\\n")}\n      ;;`;
}

/** `--flag=[what it does]:ARGUMENT:what may follow`; the value comes after `=` or as the next word. */
function flagSpec({ flag, help, argument, value, isRepeatable }: CompletedFlag): string {
  const about = `[${escaped(help)}]`;
  if (value.type === "none") return `${flag}${about}`;
  return `${isRepeatable ? "*" : ""}${flag}=${about}:${escaped(argument)}:${action(value)}`;
}

function action(value: CompletedFlag["value"]): string {
  switch (value.type) {
    case "one of":
      return `(${value.words.join(" ")})`;
    case "some of":
      return `_sequence compadd - ${value.words.join(" ")}`;
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    default:
      return " ";
  }
}

/** In a spec of _arguments brackets, colons and backslashes have a meaning. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
