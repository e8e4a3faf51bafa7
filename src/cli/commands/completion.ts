import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { commandTree } from '../completion/command-tree.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
const isShell = (name: string): name is keyof typeof SHELLS => Object.hasOwn(SHELLS, name);

export const addCompletion = (program: Command): void => {
  program
    .command('completion')
    .description('completion for your shell: source <(kiln completion bash), or zsh; kiln completion fish | source')
    .addArgument(new Argument('<shell>').choices(Object.keys(SHELLS)))
    .action((shell: string) => {
      if (isShell(shell)) process.stdout.write(SHELLS[shell](commandTree(program)));
    });
};
