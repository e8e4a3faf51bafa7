import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Command } from 'commander';
import type { KilnClient } from '../../../client/create-client.ts';
import { KilnError } from '../../../domain/errors.ts';
import { WAIT_SECONDS_MAX } from '../../../domain/api/limits.ts';
import type { JobView } from '../../../domain/hosts/work.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { contextOf, note, print, printJson, printJsonLine } from '../../context.ts';
import { statusOf } from '../../hosts/exec-on.ts';
import { duration } from '../../input/duration.ts';
import { jobPlace } from '../../input/places.ts';
import { wholeNumber } from '../../input/whole-number.ts';
import { table } from '../../output/table.ts';
import { type TimeoutOption, within, withTimeout } from '../../within.ts';
import { withCommandOptions } from './exec.ts';

/** Nobody knows how it ended, or will. */
const LOST = 255;

interface RunOptions extends TimeoutOption {
  readonly detach?: boolean;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly timeLimit?: number;
  readonly name?: string;
}

export const addHostRun = (program: Command, host: Command): void => {
  const command = withTimeout(host.command('run'))
    .description('start a job on a host: it goes on without you, and without the daemon; follows its log unless --detach')
    .argument('[words...]', 'NAME -- COMMAND…')
    .option('-d, --detach', 'only print its id')
    .option('--name <text>', 'shown in lists')
    .option('--time-limit <duration>', 'the host ends it after so long', duration);
  withCommandOptions(command).action(async ([name, ...argv]: readonly string[], options: RunOptions) => {
    const { client, json } = await contextOf(program);
    if (name === undefined || argv.length === 0)
      throw new KilnError('INVALID_REQUEST', 'a host and a command are needed: kiln host run --detach NAME -- COMMAND…');
    const { cwd = null, env = [], timeLimit: timeoutMs = null } = options;
    const job = await client.hosts.run(name, { argv, cwd, env: [...env], timeoutMs, name: options.name ?? null });
    if (json) printJson({ host: name, ...job });
    else if (options.detach) print(`${name}/${job.id}`);
    else note(`${name}/${job.id}: goes on when you leave; kiln host stop ${name}/${job.id} ends it`);
    if (options.detach || json) return;
    process.exitCode = await within(options, `kiln host wait ${name}/${job.id}`, async () =>
      follow(client, { host: name, id: job.id, json, follow: true }),
    );
  });
};

export const addHostJobs = (program: Command, host: Command): void => {
  host
    .command('jobs')
    .description('jobs of a host, or of all that are connected, newest first')
    .argument('[NAME]')
    .action(async (name: string | undefined) => {
      const { client, json } = await contextOf(program);
      const hosts = name === undefined ? await connected(client) : [name];
      const lists = await Promise.all(hosts.map(async (one) => ({ host: one, ...(await client.hosts.jobs(one)) })));
      if (json) printJson({ hosts: lists });
      else print(jobsTable(lists) || 'no jobs');
    });
};

export const addHostLogs = (program: Command, host: Command): void => {
  withTimeout(host.command('logs'))
    .description('what a job wrote, both outputs apart')
    .argument('<NAME/ID>')
    .option('-f, --follow', 'until it has ended')
    .option('--tail <lines>', 'only its last lines, and what comes', wholeNumber(0, 1_000_000))
    .action(async (text: string, options: TimeoutOption & { readonly follow?: boolean; readonly tail?: number }) => {
      const { client, json } = await contextOf(program);
      await within(options, `kiln host logs -f ${text}`, async () =>
        follow(client, { ...(await existing(client, text)), json, follow: options.follow ?? false, tail: options.tail }),
      );
    });
};

export const addHostWait = (program: Command, host: Command): void => {
  withTimeout(
    host.command('wait').description('wait until a job has ended; the exit status is its own').argument('<NAME/ID>'),
  ).action(async (text: string, options: TimeoutOption) => {
    const { client, json } = await contextOf(program);
    const place = await existing(client, text);
    const job = await within(options, `kiln host wait ${text}`, async () => whenEnded(client, place));
    if (json) printJson({ host: place.host, ...job });
    else print(`${place.host}/${job.id}: ${stateText(job)}`);
    process.exitCode = exitOf(job);
  });
};

export const addHostStop = (program: Command, host: Command): void => {
  host
    .command('stop')
    .description('end a job: SIGTERM, and SIGKILL after 10 s; returns when nothing of it is left')
    .argument('<NAME/ID>')
    .action(async (text: string) => {
      const { client, json } = await contextOf(program);
      const { host: name, id } = await existing(client, text);
      const job = await client.hosts.stop(name, id);
      if (json) printJson({ host: name, ...job });
      else print(`${name}/${id}: ${stateText(job)}`);
    });
};

interface Place {
  readonly host: string;
  readonly id: string;
}

/** Throws NOT_FOUND, AMBIGUOUS_ID. */
const existing = async (client: KilnClient, text: string): Promise<Place> => {
  const { host, job } = jobPlace(text);
  const { jobs } = await client.hosts.jobs(host);
  const fitting = jobs.filter(({ id }) => id.startsWith(job));
  const [only, second] = fitting;
  if (only && !second) return { host, id: only.id };
  if (!only) throw new KilnError('NOT_FOUND', `there is no job ${job} on ${host}: kiln host jobs ${host} lists those there are`);
  throw new KilnError('AMBIGUOUS_ID', `${job} is the beginning of several jobs: ${fitting.map(({ id }) => id).join(', ')}`);
};

const connected = async (client: KilnClient): Promise<readonly string[]> =>
  (await client.fleet()).hosts.filter(({ state }) => state === 'connected').map(({ name }) => name);

const whenEnded = async (client: KilnClient, { host, id }: Place): Promise<JobView> => {
  for (;;) {
    const job = await client.hosts.job(host, id, { waitSeconds: WAIT_SECONDS_MAX });
    if (!goesOn(job)) return job;
  }
};

interface Follow extends Place {
  readonly json: boolean;
  readonly follow: boolean;
  readonly tail?: number | undefined;
}

/** Its exit status; 0 while it runs. */
const follow = async (client: KilnClient, { host, id, json, tail, ...options }: Follow): Promise<number> => {
  let last: JobView | null = null;
  for await (const event of client.hosts.logs(host, id, { follow: options.follow, tail })) {
    if (json) printJsonLine({ host, ...event });
    if (event.event === 'job') last = event.job;
    else if (json) continue;
    else if (event.event === 'dropped') note(`… ${event.bytes} bytes are gone: a log keeps its last part`);
    else if (event.event === 'stdout' || event.event === 'stderr') await put(event.event, Buffer.from(event.data, 'base64'));
  }
  return last === null ? LOST : exitOf(last);
};

const put = async (stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void> => {
  if (!process[stream].write(bytes)) await once(process[stream], 'drain');
};

const goesOn = ({ state }: JobView): boolean => state.status === 'running' || state.status === 'unwatched';

const exitOf = ({ state }: JobView): number => {
  if (state.status === 'running') return 0;
  return state.status === 'ended' ? statusOf(state) : LOST;
};

const stateText = ({ state }: JobView): string => {
  if (state.status === 'running') return 'running';
  if (state.status === 'unwatched')
    return `unwatched: what watched it was killed, ${state.processes} of its processes run on; kiln host stop ends them`;
  if (state.status === 'lost') return 'lost: the host was restarted, or what watched it was killed';
  const how = state.code === null ? `ended by ${state.signal ?? 'a signal'}` : `ended with ${state.code}`;
  return `${how}${state.timedOut ? ', at its time limit' : state.stopped ? ', stopped' : ''}`;
};

const COMMAND_CHARS_MAX = 60;

const jobsTable = (lists: readonly { readonly host: string; readonly jobs: readonly JobView[] }[]): string => {
  const rows = lists.flatMap(({ host, jobs }) =>
    jobs.map((job) => [
      `${host}/${job.id}`,
      new Date(job.startedAtMs).toISOString().slice(0, 19).replace('T', ' '),
      stateText(job),
      job.by,
      plainLine(job.name ?? job.argv.join(' '), COMMAND_CHARS_MAX),
    ]),
  );
  if (rows.length === 0) return '';
  return table([{ title: 'JOB' }, { title: 'STARTED' }, { title: 'STATE' }, { title: 'BY' }, { title: 'COMMAND' }], rows);
};
