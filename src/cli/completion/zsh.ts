import type { Completable, CompletableOption } from './command-tree.ts';

/** Works when it is sourced, and as a file "_kiln" in a folder of fpath. */
export const zshCompletion = (tree: readonly Completable[]): string => `#compdef kiln
# kiln completion zsh: source <(kiln completion zsh)
_kiln() {
  local path_ i before
  path_=
  before=\${words[CURRENT-1]}
  for ((i = 2; i < CURRENT; i++)); do
    case "$path_ \${words[i]}" in
${tree
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      '${['', ...path].join(' ')}') path_='${['', ...path].join(' ')}' ;;`)
  .join('\n')}
    esac
  done
  local -a commands options
  case "$path_ $before" in
${tree.flatMap(choiceCases).join('\n')}
  esac
  case "$path_" in
${tree.map(wordCase).join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe option options
  elif (( \${#commands} )); then _describe command commands
  else _files; fi
}
if [[ \${funcstack[1]-} == _kiln ]]; then _kiln "$@"; else compdef _kiln kiln; fi
`;

const choiceCases = ({ path, options }: Completable): readonly string[] =>
  options
    .filter(({ takesValue }) => takesValue)
    .map(({ flags, choices }) => {
      const patterns = flags.map((flag) => `'${['', ...path, flag].join(' ')}'`).join(' | ');
      return `    ${patterns}) ${choices.length === 0 ? '_files' : `compadd -- ${choices.join(' ')}`}; return ;;`;
    });

const wordCase = ({ path, commands, options }: Completable): string => {
  const pattern = `'${path.length === 0 ? '' : ['', ...path].join(' ')}'`;
  return `    ${pattern})
      commands=(${commands.map(({ name, what }) => described(name, what)).join(' ')})
      options=(${options.flatMap(optionWords).join(' ')}) ;;`;
};

const optionWords = ({ flags, what }: CompletableOption): readonly string[] => flags.map((flag) => described(flag, what));

/** 'name:what it does', in single quotes. */
const described = (name: string, what: string): string =>
  `'${`${name}:${what.replaceAll(':', '\\:')}`.replaceAll("'", `'\\''`)}'`;
