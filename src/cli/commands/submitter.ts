/** `kiln submitter list|set|clear`: what part of the devices' time a submitter has, and its limits. */
import { type Command, InvalidArgumentError } from 'commander';
import type { SubmitterList, SubmitterView } from '../../domain/api/submitters.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../context.ts';
import { table } from '../output/table.ts';

interface Options {
  readonly weight?: number;
  readonly running?: Limit;
  readonly queued?: Limit;
  readonly gpuMinutes?: Limit;
}

/** Not null: an option that is parsed to null is taken for one without a value. */
type Limit = number | 'none';

export const addSubmitter = (program: Command): void => {
  const submitter = program.command('submitter').description("who submits: parts of the devices' time, and limits");
  submitter
    .command('list')
    .description('submitters with work or with settings')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const answer = await client.submitters();
      if (json) printJson(answer);
      else print(listText(answer));
    });
  submitter
    .command('set')
    .description('set a weight and limits: at once, and over restarts; what is not named stays')
    .argument('<name>')
    .option('--weight <number>', 'part of the device time, against the weights of the others (default: 1)', numberOf)
    .option('--running <number>', 'candidates in work at once: compiled, ready or at a device; "none": no limit', limitOf)
    .option('--queued <number>', 'candidates that are not done; more are refused; "none": no limit', limitOf)
    .option('--gpu-minutes <number>', 'device minutes a day (UTC); what is over waits; "none": no limit', limitOf)
    .action(async (name: string, { weight, running, queued, gpuMinutes }: Options) => {
      const { client, json } = await contextOf(program);
      const answer = await client.setSubmitter(name, {
        ...(weight === undefined ? {} : { weight }),
        ...(running === undefined ? {} : { runningMax: orNull(running) }),
        ...(queued === undefined ? {} : { queuedMax: orNull(queued) }),
        ...(gpuMinutes === undefined ? {} : { gpuMinutesMax: orNull(gpuMinutes) }),
      });
      if (json) printJson(answer);
      else print(listText({ submitters: [answer] }));
    });
  submitter
    .command('clear')
    .description('back to a weight of 1 and no limit')
    .argument('<name>')
    .action(async (name: string) => {
      const { client, json } = await contextOf(program);
      const answer = await client.clearSubmitter(name);
      if (json) printJson(answer);
      else print(listText({ submitters: [answer] }));
    });
};

const numberOf = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
};
const limitOf = (text: string): Limit => (text === 'none' ? text : numberOf(text));
const orNull = (limit: Limit): number | null => (limit === 'none' ? null : limit);

export const listText = ({ submitters }: SubmitterList): string =>
  submitters.length === 0
    ? 'nobody has submitted anything that is not done'
    : table(
        [
          { title: 'SUBMITTER' },
          ...['WEIGHT', 'WAITING', 'OF', 'RUNNING', 'IN WORK AT MOST', 'GPU MINUTES TODAY', 'OF'].map((title) => ({ title })),
        ],
        submitters.map(rowOf),
      );

const rowOf = (view: SubmitterView): readonly string[] => [
  plainLine(view.submitter, 40),
  String(view.weight),
  String(view.waiting),
  limitText(view.queuedMax),
  String(view.running),
  limitText(view.runningMax),
  view.gpuMinutesToday === null ? '' : view.gpuMinutesToday.toFixed(1),
  limitText(view.gpuMinutesMax),
];

const limitText = (limit: number | null): string => (limit === null ? '' : String(limit));
