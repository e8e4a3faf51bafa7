/** Describes sources on a host: the folder is sent there, one command is run, and the folder is removed. */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { KilnClient } from '../../client/create-client.ts';
import { openContentIndex } from '../../client/files/content-index.ts';
import { createHostEnd } from '../../client/files/host-end.ts';
import { IgnoreRules } from '../../client/files/ignore-rules.ts';
import { createLocalEnd } from '../../client/files/local-end.ts';
import { transfer } from '../../client/files/transfer.ts';
import { KilnError } from '../../domain/errors.ts';
import { answersOf } from '../../importers/programs/answers.ts';
import type { Answer } from '../../importers/programs/described.ts';
import { describeCommand, type DescribeOptions, withTaskFolder } from '../../importers/programs/describe-local.ts';
import type { Source } from '../../importers/programs/source.ts';
import { plainText } from '../../platform/printable-text.ts';
import { note } from '../context.ts';

const START_MS_MAX = 300_000;
const SAID_BYTES_MAX = 64 * 2 ** 20;
const LAST_WORDS_BYTES_MAX = 2000;

/** As describeLocal, with a Python of the host. */
export const describeOnHost = async (
  client: KilnClient,
  host: string,
  sources: readonly Source[],
  options: DescribeOptions,
): Promise<readonly Answer[]> =>
  withTaskFolder(sources, options.seconds, async (folder) => {
    const there = `/tmp/kiln-import-${randomBytes(8).toString('hex')}`;
    try {
      await send(client, { from: folder, host, to: there });
      const argv = [...describeCommand(there, options.python)];
      const said = await run(client, host, { argv, timeoutMs: sources.length * options.seconds * 1000 + START_MS_MAX });
      return answersOf(said, `on ${host}; --python PATH names one there, and pip install torch makes one`);
    } finally {
      await remove(client, host, there);
    }
  });

/** What was described counts, whether the folder goes or stays. */
const remove = async (client: KilnClient, host: string, folder: string): Promise<void> => {
  try {
    await run(client, host, { argv: ['rm', '-rf', folder], timeoutMs: START_MS_MAX });
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    note(plainText(`${folder} stays on ${host}: ${error.message}`));
  }
};

interface Sending {
  readonly from: string;
  readonly host: string;
  readonly to: string;
}

const send = async (client: KilnClient, { from, host, to }: Sending): Promise<void> => {
  await transfer({
    source: createLocalEnd(from, await openContentIndex(null)),
    target: createHostEnd({ hosts: client.hosts, host, path: to, signal: new AbortController().signal }),
    rules: () => new IgnoreRules({ usesFiles: false, patterns: [] }),
    deletes: false,
    dryRun: false,
    onPlan: () => undefined,
    onWritten: () => undefined,
    onRetry: () => undefined,
  });
};

interface Running {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
}

/** What it printed. Throws where it did not end well. */
const run = async (client: KilnClient, host: string, { argv, timeoutMs }: Running): Promise<string> => {
  let [said, complained] = [Buffer.alloc(0), Buffer.alloc(0)];
  for await (const event of client.hosts.exec(host, { argv: [...argv], timeoutMs })) {
    if (event.event === 'stdout') said = Buffer.concat([said, Buffer.from(event.data, 'base64')]).subarray(-SAID_BYTES_MAX);
    if (event.event === 'stderr')
      complained = Buffer.concat([complained, Buffer.from(event.data, 'base64')]).subarray(-LAST_WORDS_BYTES_MAX);
    if (event.event === 'error') throw new KilnError('INVALID_REQUEST', `${host}: ${event.message}`);
    if (event.event !== 'exited') continue;
    if (event.code === 0) return said.toString('utf8');
    const last = complained.toString('utf8').trim().split('\n').at(-1) ?? '';
    throw new KilnError(
      'INVALID_REQUEST',
      `${host}: ${argv[0]} ended with ${event.code ?? event.signal}: ${last || 'it said nothing'}`,
    );
  }
  throw new KilnError('DAEMON_UNREACHABLE', 'the answer ended before the command did');
};
