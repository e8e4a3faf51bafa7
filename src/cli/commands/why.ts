import type { Command } from 'commander';
import { contextOf, print, printJson } from '../context.ts';
import { whyText } from '../output/why-text.ts';

export const addWhy = (program: Command): void => {
  program
    .command('why')
    .description('what a candidate waits for: its place, the devices that could take it, and how long it will take')
    .argument('<id>')
    .action(async (id: string) => {
      const { client, json } = await contextOf(program);
      const why = await client.why(id);
      if (json) printJson(why);
      else print(whyText(why));
    });
};
