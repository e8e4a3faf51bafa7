/** The ways to do the same on a host: Kiln's, and those of ssh, rsync and scp over one kept connection. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KilnClient } from '../../src/client/create-client.ts';
import { createFolderMoves, type FolderMoves } from '../../src/client/files/move-folders.ts';
import type { Sshd } from '../../test/support/sshd.ts';

const ROOT = join(import.meta.dirname, '../..');
const execFileAsync = promisify(execFile);

export interface Way {
  readonly name: string;
  /** May say itself how long it took, milliseconds. */
  readonly run: (round: number) => Promise<number | void> | void;
}

export interface Rig {
  readonly client: KilnClient;
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly sshd: Sshd;
  readonly work: string;
  /** The daemon's. */
  readonly folder: string;
}

/** Where a way puts what it moves. */
export type Place = (way: string, round: number) => string;

export const hasRsync = spawnSync('rsync', ['--version']).status === 0;

export const sshWords = (sshd: Sshd, folder: string): readonly string[] => {
  const known = join(folder, 'known_hosts');
  writeFileSync(known, `[127.0.0.1]:${sshd.port} ${sshd.hostKeyLine}\n`);
  return [
    '-o',
    `UserKnownHostsFile=${known}`,
    '-o',
    'ControlMaster=auto',
    '-o',
    `ControlPath=${folder}/c`,
    '-o',
    'ControlPersist=600',
    '-i',
    sshd.keyPath,
  ];
};

export const runs = ({ client, sshd, work }: Rig): readonly Way[] => [
  { name: 'kiln', run: async () => runTrue(client) },
  { name: 'ssh', run: () => void execFileSync('ssh', trueWords(sshd, work), { stdio: 'ignore' }) },
];

export const commands = (rig: Rig): readonly Way[] => [
  {
    name: 'kiln',
    run: () =>
      void execFileSync(process.execPath, [join(ROOT, 'src/cli/main.ts'), 'host', 'exec', 'remote', '--', 'true'], {
        // As ./kiln starts it.
        env: { ...rig.env, KILN_URL: rig.url, NODE_COMPILE_CACHE: join(rig.work, 'compiled') },
        stdio: 'ignore',
      }),
  },
  ...runs(rig).slice(1),
];

export const pushes = ({ client, sshd, work }: Rig, from: string, place: Place): readonly Way[] => [
  { name: 'kiln', run: async (round) => void (await movesOf(client, from).push(from, there(place('kiln', round)))) },
  ...ifRsync({
    name: 'rsync',
    run: (round) => void execFileSync('rsync', rsyncWords(sshd, work, [`${from}/`, `${nameOf(sshd)}:${place('rsync', round)}/`])),
  }),
  {
    name: 'scp',
    run: (round) => void execFileSync('scp', scpWords(sshd, work, [from, `${nameOf(sshd)}:${place('scp', round)}`])),
  },
];

export const pulls = ({ client, sshd, work }: Rig, from: string, place: Place): readonly Way[] => [
  { name: 'kiln', run: async (round) => void (await movesOf(client, from).pull(there(from), place('kiln', round))) },
  ...ifRsync({
    name: 'rsync',
    run: (round) => void execFileSync('rsync', rsyncWords(sshd, work, [`${nameOf(sshd)}:${from}/`, `${place('rsync', round)}/`])),
  }),
  {
    name: 'scp',
    run: (round) => void execFileSync('scp', scpWords(sshd, work, [`${nameOf(sshd)}:${from}`, place('scp', round)])),
  },
];

interface Beside {
  readonly place: Place;
  readonly median: (times: readonly number[]) => number;
}

/** How long a command takes while a push, or rsync, goes on over the same connection. */
export const runsBesidePush = ({ client, sshd, work }: Rig, from: string, { place, median }: Beside): readonly Way[] => {
  const beside = async (push: Promise<unknown>, run: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    const over = push.then(() => true as const);
    do {
      const startedMs = performance.now();
      await run();
      times.push(performance.now() - startedMs);
    } while ((await Promise.race([over, Promise.resolve(null)])) === null);
    return median(times);
  };
  return [
    {
      name: 'kiln',
      run: async (round) => beside(movesOf(client, from).push(from, there(place('kiln', round))), async () => runTrue(client)),
    },
    ...ifRsync({
      name: 'ssh',
      run: async (round) =>
        beside(
          execFileAsync('rsync', rsyncWords(sshd, work, [`${from}/`, `${nameOf(sshd)}:${place('ssh', round)}/`])),
          async () => execFileAsync('ssh', trueWords(sshd, work)),
        ),
    }),
  ];
};

const runTrue = async (client: KilnClient): Promise<void> => {
  for await (const event of client.hosts.exec('remote', { argv: ['true'] }))
    if (event.event === 'exited' && event.code !== 0) throw new Error('true failed');
};

const movesOf = (client: KilnClient, from: string): FolderMoves =>
  createFolderMoves(client.hosts, { XDG_CACHE_HOME: `${from}.cache` });

const there = (path: string) => ({ host: 'remote', path });

const ifRsync = (way: Way): readonly Way[] => (hasRsync ? [way] : []);

const nameOf = ({ user }: Sshd): string => `${user}@127.0.0.1`;

const trueWords = (sshd: Sshd, work: string): string[] => [
  ...sshWords(sshd, work),
  '-p',
  String(sshd.port),
  nameOf(sshd),
  'true',
];

const rsyncWords = (sshd: Sshd, work: string, places: readonly string[]): string[] => [
  '-a',
  '-e',
  `ssh ${sshWords(sshd, work).join(' ')} -p ${sshd.port}`,
  ...places,
];

const scpWords = (sshd: Sshd, work: string, places: readonly string[]): string[] => [
  ...sshWords(sshd, work),
  '-P',
  String(sshd.port),
  '-q',
  '-r',
  ...places,
];
