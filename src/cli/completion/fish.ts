import type { Completable } from './command-tree.ts';

export const fishCompletion = (tree: readonly Completable[]): string => `# kiln completion fish | source
function __kiln_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    for word in $words
        if contains -- "$(string join ' ' $path $word)" ${tree
          .filter(({ path }) => path.length > 0)
          .map(({ path }) => quoted(path.join(' ')))
          .join(' ')}
            set -a path $word
        end
    end
    test "$(string join ' ' $path)" = "$argv[1]"
end
${tree.flatMap(lines).join('\n')}
`;

const lines = ({ path, commands, options, takesArguments }: Completable): readonly string[] => {
  const here = `complete -c kiln -n ${quoted(`__kiln_at ${quoted(path.join(' '))}`)}`;
  return [
    ...(takesArguments ? [] : [`${here} -f`]),
    ...commands.map(({ name, what }) => `${here} -a ${name} -d ${quoted(what)}`),
    ...options.map(({ flags, what, takesValue, choices }) => {
      const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = takesValue ? (choices.length === 0 ? ' -r' : ` -x -a ${quoted(choices.join(' '))}`) : '';
      return `${here} ${names.join(' ')}${value} -d ${quoted(what)}`;
    }),
  ];
};

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
