/** The command line as data: what can be completed after which words. */
import type { Command, Option } from 'commander';

export interface Completable {
  /** Words that lead here: [], ["campaign"], ["campaign", "start"]. */
  readonly path: readonly string[];
  readonly commands: readonly { readonly name: string; readonly what: string }[];
  readonly options: readonly CompletableOption[];
  /** It takes files, or anything else that is no option. */
  readonly takesArguments: boolean;
}

export interface CompletableOption {
  /** "--watch", "-w". */
  readonly flags: readonly string[];
  readonly what: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** Every command with its options; those of the program hold everywhere. */
export const commandTree = (program: Command): readonly Completable[] => {
  const global = program.options.map(completable);
  const visit = (command: Command, path: readonly string[]): readonly Completable[] => [
    {
      path,
      commands: command.commands.map((inner) => ({ name: inner.name(), what: inner.description() })),
      options: path.length === 0 ? [...global, HELP] : [...command.options.map(completable), ...global, HELP],
      takesArguments: command.registeredArguments.length > 0,
    },
    ...command.commands.flatMap((inner) => visit(inner, [...path, inner.name()])),
  ];
  return visit(program, []);
};

const HELP: CompletableOption = { flags: ['-h', '--help'], what: 'show help', takesValue: false, choices: [] };

const completable = ({ short, long, description, required, optional, argChoices = [] }: Option): CompletableOption => ({
  flags: [short, long].filter((flag) => flag !== undefined),
  what: description,
  takesValue: required || optional,
  choices: argChoices,
});
