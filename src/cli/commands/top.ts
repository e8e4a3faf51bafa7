import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { contextOf, print, printJson } from '../context.ts';
import { liveScreen } from '../live-screen.ts';
import { topScreen } from '../output/top-screen.ts';

export const addTop = (program: Command): void => {
  program
    .command('top')
    .description('live view of devices, queue, rates and campaigns (q ends it); once, when this is no terminal')
    .action(async () => {
      const { client, json } = await contextOf(program);
      if (json) printJson(await viewsOf(client));
      else if (process.stdout.isTTY) await liveScreen(async () => ({ text: await screen(client), isLast: false }));
      else print(await screen(client));
    });
};

const viewsOf = async (client: KilnClient) => {
  const [fleet, queue, { campaigns }] = await Promise.all([client.fleet(), client.queue(), client.campaigns()]);
  return { fleet, queue, campaigns };
};

const screen = async (client: KilnClient): Promise<string> => topScreen(await viewsOf(client));
