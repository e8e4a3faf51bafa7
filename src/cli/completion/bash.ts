import type { Completable } from './command-tree.ts';

/** A function that finds the command among the words, then offers its subcommands, options and the choices of the option before. */
export const bashCompletion = (tree: readonly Completable[]): string => `# kiln completion bash: source <(kiln completion bash)
_kiln() {
  local word before path i
  word=\${COMP_WORDS[COMP_CWORD]}
  before=\${COMP_WORDS[COMP_CWORD-1]}
  path=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
${tree
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      '${['', ...path].join(' ')}') path='${['', ...path].join(' ')}' ;;`)
  .join('\n')}
    esac
  done
  COMPREPLY=()
  case "$path $before" in
${tree.flatMap(choiceCases).join('\n')}
  esac
  case "$path" in
${tree.map(wordCase).join('\n')}
  esac
}
complete -o bashdefault -o default -F _kiln kiln
`;

/** After an option with a value: its choices, or files, and nothing else. */
const choiceCases = ({ path, options }: Completable): readonly string[] =>
  options
    .filter(({ takesValue }) => takesValue)
    .map(({ flags, choices }) => {
      const patterns = flags.map((flag) => `'${['', ...path, flag].join(' ')}'`).join(' | ');
      const offered = choices.length === 0 ? '' : `mapfile -t COMPREPLY < <(compgen -W '${choices.join(' ')}' -- "$word"); `;
      return `    ${patterns}) ${offered}return ;;`;
    });

const wordCase = ({ path, commands, options }: Completable): string => {
  const names = commands.map(({ name }) => name).join(' ');
  const flags = options.flatMap((option) => option.flags).join(' ');
  const pattern = `'${path.length === 0 ? '' : ['', ...path].join(' ')}'`;
  return `    ${pattern})
      if [[ $word == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '${flags}' -- "$word")
      else mapfile -t COMPREPLY < <(compgen -W '${names}' -- "$word"); fi ;;`;
};
