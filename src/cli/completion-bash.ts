/** The completion script for bash. */
import type { CompletedCommand, CompletedFlag } from "./completed-commands.js";

/** One function for all commands; a command's flags and what may follow each stand in two case lists. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(({ name, flags }) => flags.flatMap((flag) => valueCase(name, flag)));
  const flags = commands.map(
    ({ name, flags, takesFiles }) =>
      `    ${name}) flags="${flags.map(({ flag }) => flag).join(" ")}" files=${takesFiles ? "yes" : ""} ;;`,
  );
  return `# Completion of sparse-robust and its commands for bash: source this file, or keep it in a folder of bash-completion's.
_sparse_robust() {
  local command=\${COMP_WORDS[0]##*/} current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} flags files
  COMPREPLY=()
  # bash takes --flag=value for three words.
  if [[ $current == = ]]; then current=""; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $command == sparse-robust ]]; then
    if ((COMP_CWORD == 1)); then
      _sparse_robust_words "${names.join(" ")} completion --help --version"
      return
    fi
    command=\${COMP_WORDS[1]}
  fi
  case "$command $previous" in
    "completion completion") _sparse_robust_words "bash zsh"; return ;;
${values.join("\n")}
  esac
  case $command in
${flags.join("\n")}
  esac
  if [[ $current == -* ]]; then _sparse_robust_words "$flags"; elif [[ -n $files ]]; then _sparse_robust_files -f; fi
}
_sparse_robust_words() {
  local IFS=$' \\n'
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}
_sparse_robust_list() {
  local IFS=$' \\n'
  COMPREPLY=($(compgen -P "\${current%"\${current##*,}"}" -W "$1" -- "\${current##*,}"))
  compopt -o nospace 2>/dev/null
}
_sparse_robust_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen "$1" -- "$current"))
  compopt -o filenames 2>/dev/null
}
complete -F _sparse_robust sparse-robust ${names.join(" ")}
`;
}

function valueCase(command: string, { flag, value }: CompletedFlag): readonly string[] {
  if (value.type === "none") return [];
  return [`    "${command} ${flag}") ${suggestion(value)}return ;;`];
}

function suggestion(value: CompletedFlag["value"]): string {
  switch (value.type) {
    case "one of":
      return `_sparse_robust_words "${value.words.join(" ")}"; `;
    case "some of":
      return `_sparse_robust_list "${value.words.join(" ")}"; `;
    case "file":
      return "_sparse_robust_files -f; ";
    case "folder":
      return "_sparse_robust_files -d; ";
    default:
      return "";
  }
}
