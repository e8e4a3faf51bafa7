import type { Command } from 'commander';
import { contextOf, print, printJson } from '../context.ts';
import { generatorsText } from '../output/campaign-text.ts';

export const addGenerators = (program: Command): void => {
  program
    .command('generators')
    .description('what can write candidates for campaigns here, and what is missing for the rest')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const view = await client.generators();
      if (json) printJson(view);
      else print(generatorsText(view));
    });
};
