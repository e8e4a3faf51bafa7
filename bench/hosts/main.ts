/**
 * Work on hosts against ssh, rsync and scp, over one sshd on loopback, in one run.
 *
 *   node bench/hosts/main.ts [--quick] [--out FILE]
 *
 * Each row alternates between the ways, so that what else the machine does meets all alike. ssh and rsync use one kept connection (ControlMaster), as a daemon does.
 * `--quick`: fewer repeats.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { KilnClient } from '../../src/client/create-client.ts';
import { createFolderMoves } from '../../src/client/files/move-folders.ts';
import { kilnFolder, startKiln } from '../../test/support/kiln-process.ts';
import { type Sshd, startSshd } from '../../test/support/sshd.ts';
import { connectedHost } from '../connected-host.ts';
import { loadNow, machineLine } from '../machine.ts';
import { table } from '../markdown.ts';
import { quantile } from '../quantile.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, out: { type: 'string' } } });
const [EXECS, ROUNDS, LARGE_ROUNDS] = values.quick ? [20, 2, 2] : [200, 5, 3];
const LARGE_MIB = 1024;
const FILES = 1000;
const FILE_BYTES = 4096;
const ROOT = join(import.meta.dirname, '../..');

interface Way {
  readonly name: string;
  readonly run: (round: number) => Promise<void> | void;
}
interface Row {
  readonly what: string;
  readonly ms: ReadonlyMap<string, number>;
}

const measured = async (what: string, rounds: number, ways: readonly Way[]): Promise<Row> => {
  const times = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  // The first round is not counted: it opens what is kept open.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, run } of ways) {
      const startedMs = performance.now();
      await run(round);
      if (round > 0) times.get(name)?.push(performance.now() - startedMs);
    }
  }
  return { what, ms: new Map([...times].map(([name, list]) => [name, quantile(list, 0.5)])) };
};

const hasRsync = spawnSync('rsync', ['--version']).status === 0;

const sshWords = (sshd: Sshd, folder: string): readonly string[] => {
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

const pushWith = async (client: KilnClient, from: string, path: string): Promise<void> => {
  const { push } = createFolderMoves(client.hosts, { XDG_CACHE_HOME: `${from}.cache` });
  await push(from, { host: 'remote', path });
};

const main = async (): Promise<void> => {
  const load = loadNow();
  const sshd = await startSshd({ settings: ['Subsystem sftp internal-sftp'] });
  const folder = kilnFolder('hosts: []\n', { KILN_LOG_LEVEL: 'warn' });
  const work = mkdtempSync(join(tmpdir(), 'kiln-b-'));
  const ssh = `{host: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;
  folder.write(
    'fleet.yaml',
    `hosts:\n  - {name: remote, ssh: ${ssh}, runnerDir: ${folder.path}/remote, cpu: true, gpus: none}\n`,
  );
  const daemon = await startKiln(folder);
  try {
    await connectedHost(daemon.client);
    const rows = await rowsOf({ client: daemon.client, url: daemon.url, env: folder.env, sshd, work });
    const text = reportOf(rows, machineLine(load));
    process.stdout.write(text);
    if (values.out !== undefined) writeFileSync(values.out, text);
  } finally {
    spawnSync('ssh', [...sshWords(sshd, work), '-p', String(sshd.port), '-O', 'exit', `${sshd.user}@127.0.0.1`]);
    await daemon.stop();
    folder.remove();
    await sshd.stop();
    rmSync(work, { recursive: true, force: true });
  }
};

interface Rig {
  readonly client: KilnClient;
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly sshd: Sshd;
  readonly work: string;
}

const rowsOf = async ({ client, url, env, sshd, work }: Rig): Promise<readonly Row[]> => {
  const words = sshWords(sshd, work);
  const target = `${sshd.user}@127.0.0.1`;
  const port = String(sshd.port);
  const remoteShell = `ssh ${words.join(' ')} -p ${port}`;
  const exec = async (): Promise<void> => {
    for await (const event of client.hosts.exec('remote', { argv: ['true'] }))
      if (event.event === 'exited' && event.code !== 0) throw new Error('true failed');
  };
  const kilnCli = (): void => {
    execFileSync(process.execPath, [join(ROOT, 'src/cli/main.ts'), 'host', 'exec', 'remote', '--', 'true'], {
      // As ./kiln starts it.
      env: { ...env, KILN_URL: url, NODE_COMPILE_CACHE: join(work, 'compiled') },
      stdio: 'ignore',
    });
  };
  const sshCli = (): void => void execFileSync('ssh', [...words, '-p', port, target, 'true'], { stdio: 'ignore' });
  const many = join(work, 'many');
  mkdirSync(many);
  for (let at = 0; at < FILES; at += 1) writeFileSync(join(many, `f${at}`), randomBytes(FILE_BYTES));
  const large = join(work, 'large');
  mkdirSync(large);
  for (let at = 0; at < LARGE_MIB; at += 1) writeFileSync(join(large, 'file'), randomBytes(1024 * 1024), { flag: 'a' });
  const ways = (from: string, place: (way: string, round: number) => string): readonly Way[] => [
    { name: 'kiln', run: async (round) => pushWith(client, from, place('kiln', round)) },
    ...(hasRsync
      ? [
          {
            name: 'rsync',
            run: (round: number) =>
              void execFileSync('rsync', ['-a', '-e', remoteShell, `${from}/`, `${target}:${place('rsync', round)}/`]),
          },
        ]
      : []),
    {
      name: 'scp',
      run: (round) => void execFileSync('scp', [...words, '-P', port, '-q', '-r', from, `${target}:${place('scp', round)}`]),
    },
  ];
  const fresh = (name: string) => (way: string, round: number) => join(work, `to-${name}-${way}-${round}`);
  return [
    await measured('run `true`, from a program or by the command', EXECS, [
      { name: 'kiln', run: exec },
      { name: 'ssh', run: sshCli },
    ]),
    await measured('run `true`, both by the command', Math.ceil(EXECS / 10), [
      { name: 'kiln', run: kilnCli },
      { name: 'ssh', run: sshCli },
    ]),
    await measured(`push ${FILES} files of ${FILE_BYTES} B`, ROUNDS, ways(many, fresh('many'))),
    await measured(
      `push them again, nothing changed`,
      ROUNDS,
      ways(many, (way) => join(work, `again-${way}`)),
    ),
    await measured(
      `push one file of ${LARGE_MIB} MiB`,
      LARGE_ROUNDS,
      ways(large, (way) => join(work, `large-${way}`, String(removed(join(work, `large-${way}`))))),
    ),
  ];
};

/** A large file is not kept for each round. */
const removed = (path: string): number => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  return 0;
};

const reportOf = (rows: readonly Row[], machine: string): string => {
  const names = ['kiln', 'ssh', 'rsync', 'scp'];
  const cells = ({ what, ms }: Row): readonly string[] => [
    what,
    ...names.map((name) => (ms.has(name) ? `${(ms.get(name) ?? 0).toFixed(1)} ms` : '-')),
    names
      .slice(1)
      .flatMap((name) => (ms.has(name) ? [`${name} ${((ms.get(name) ?? 0) / (ms.get('kiln') ?? 1)).toFixed(2)}x`] : []))
      .join(', '),
  ];
  const lines = [
    '# Work on hosts against ssh, rsync and scp',
    '',
    `${machine} One sshd on loopback; ssh, scp and rsync over a kept connection. Medians; \`node bench/hosts/main.ts${values.quick ? ' --quick' : ''}\`.`,
    ...(hasRsync ? [] : ['', 'rsync is not installed here (apt-get install rsync): its column is empty.']),
    '',
    table(['what', ...names, 'their time over Kiln’s'], rows.map(cells)),
    '',
  ];
  return lines.join('\n');
};

await main();
