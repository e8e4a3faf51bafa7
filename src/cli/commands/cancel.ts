import type { Command } from 'commander';
import { contextOf, print, printJson } from '../context.ts';

export const addCancel = (program: Command): void => {
  program
    .command('cancel')
    .description('cancel a candidate, also while it runs')
    .argument('<id>')
    .action(async (id: string) => {
      const { client, json } = contextOf(program);
      const answer = await client.cancel(id);
      if (json) printJson(answer);
      else print(`${answer.id}  ${answer.status}`);
    });
};
