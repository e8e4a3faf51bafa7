import type { Command } from 'commander';
import type { QueueView } from '../../domain/api/queue.ts';
import { contextOf, print, printJson } from '../context.ts';
import { classTable } from '../output/class-table.ts';
import { table } from '../output/table.ts';
import { seconds } from '../../domain/text/units.ts';

export const addQueue = (program: Command): void => {
  program
    .command('queue')
    .description('what waits, where, for whom, and how long it will take')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const view = await client.queue();
      if (json) printJson(view);
      else print(queueText(view));
    });
};

const right = 'right' as const;

export const queueText = (view: QueueView): string =>
  [headline(view), classTable(view, 'DEVICE'), submitterTable(view)].filter((part) => part !== '').join('\n\n');

const headline = ({ stages, oldestSeconds, throughputPerSecond, etaSeconds }: QueueView): string => {
  const counts = Object.entries(stages).map(([stage, count]) => `${count} ${stage}`);
  const oldest = oldestSeconds === null ? 'nothing waits' : `oldest waits ${seconds(oldestSeconds)}`;
  const eta = etaSeconds === null || oldestSeconds === null ? '' : `, empty in ${seconds(etaSeconds)}`;
  return `${counts.join(', ')}\n${throughputPerSecond.toFixed(1)} verdicts/s, ${oldest}${eta}`;
};

const submitterTable = ({ bySubmitter }: QueueView): string =>
  table(
    [{ title: 'SUBMITTER' }, { title: 'WAITING', align: right }, { title: 'RUNNING', align: right }],
    bySubmitter.map(({ submitter, waiting, running }) => [submitter, String(waiting), String(running)]),
  );
