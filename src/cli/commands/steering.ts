/** Commands that steer candidates that are there, by id or by what they have in common. */
import { type Command, Option } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import type { Steer, Steered } from '../../domain/api/steering.ts';
import { CANDIDATE_STATUSES, PRIORITY_LAST } from '../../domain/candidate.ts';
import { KilnError } from '../../domain/errors.ts';
import { VERDICTS } from '../../domain/outcome.ts';
import { type Context, contextOf, print, printJson } from '../context.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { steeredText } from '../output/steered-text.ts';

type SelectOptions = Omit<Steer['select'], 'ids'>;
interface SteerOptions extends SelectOptions {
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export const addCancel = (program: Command): void => {
  steering(program.command('cancel').description('cancel candidates, also while they run')).action(
    async (ids: readonly string[], options: SteerOptions) => {
      const context = await contextOf(program);
      const [only] = ids;
      if (only !== undefined && ids.length === 1 && Object.keys(options).length === 0) return cancelOne(context, only);
      show(context, await context.client.cancelMany(bodyOf(ids, options)));
    },
  );
};

const cancelOne = async ({ client, json }: Context, id: string): Promise<void> => {
  const answer = await client.cancel(id);
  if (json) printJson(answer);
  else print(`${answer.id}  ${answer.status}`);
};

export const addPause = (program: Command): void => {
  steering(
    program
      .command('pause')
      .description('keep candidates from being judged until they are resumed, over restarts too; what a device has goes on'),
  ).action(steer(program, (client, body) => client.pause(body)));
};

export const addResume = (program: Command): void => {
  steering(program.command('resume').description('let paused candidates be judged')).action(
    steer(program, (client, body) => client.resume(body)),
  );
};

export const addReprioritise = (program: Command): void => {
  const command = program
    .command('reprioritise')
    .description('give candidates that wait another priority')
    .requiredOption('--priority <number>', '1 is first', wholeNumber(1, PRIORITY_LAST));
  steering(command).action(
    async (ids: readonly string[], { priority, ...options }: SteerOptions & { readonly priority: number }) => {
      const context = await contextOf(program);
      show(context, await context.client.reprioritise({ ...bodyOf(ids, options), priority }));
    },
  );
};

export const addRejudge = (program: Command): void => {
  const command = program
    .command('rejudge')
    .description('take verdicts back, with the reason, and judge the candidates again')
    .requiredOption('--reason <text>', 'why the verdict should not stand: it is kept with the candidate')
    .addOption(new Option('--verdict <verdict>', 'only those with this verdict').choices(VERDICTS));
  selecting(command).action(async (ids: readonly string[], { reason = '', ...options }: SteerOptions) => {
    const context = await contextOf(program);
    show(context, await context.client.rejudge({ ...bodyOf(ids, options), reason }));
  });
};

const selecting = (command: Command): Command =>
  command
    .argument('[ids...]', 'candidates')
    .option('--sweep <id>', 'those of a sweep')
    .option('--campaign <id>', 'those of a campaign')
    .option('--submitter <name>')
    .option('-p, --problem <name>')
    .option('-d, --device <class>')
    .option('--all', 'every one there is')
    .option('--dry-run', 'only count and name them');

const steering = (command: Command): Command =>
  selecting(command)
    .addOption(new Option('--status <status>').choices(CANDIDATE_STATUSES.filter((status) => status !== 'done')))
    .option('--reason <text>', 'is kept in the journal');

const steer =
  (program: Command, call: (client: KilnClient, body: ReturnType<typeof bodyOf>) => Promise<Steered>) =>
  async (ids: readonly string[], options: SteerOptions): Promise<void> => {
    const context = await contextOf(program);
    show(context, await call(context.client, bodyOf(ids, options)));
  };

/** Ids may be shortened: the daemon knows the rest of them, and says what is no id. */
const bodyOf = (ids: readonly string[], { dryRun = false, reason, ...options }: SteerOptions) => {
  if (ids.length === 0 && Object.keys(options).length === 0) throw new KilnError('INVALID_REQUEST', NOTHING_SELECTED);
  return {
    select: { ...options, ...(ids.length === 0 ? {} : { ids: [...ids] }) },
    dryRun,
    ...(reason === undefined ? {} : { reason }),
  };
};

const NOTHING_SELECTED =
  'say which: ids, or what they have in common, such as --sweep ID, --problem NAME or --submitter NAME (--help has all); --all means every one';

const show = ({ json }: Context, steered: Steered): void => {
  if (json) printJson(steered);
  else print(steeredText(steered));
};
