/**
 * Work on hosts against ssh, rsync and scp, over one sshd on loopback, in one run.
 *
 *   node bench/hosts/main.ts [--quick] [--only TEXT] [--out FILE]
 *
 * Each row alternates between the ways, so that what else the machine does meets all alike. ssh and rsync use one kept connection (ControlMaster), as a daemon does.
 * CPU is that of all processes which have a part in it, on both sides: beside other work it says more than the time. `--quick`: fewer repeats. `--only`: rows that
 * hold this text.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kilnFolder, startKiln } from '../../test/support/kiln-process.ts';
import { startSshd } from '../../test/support/sshd.ts';
import { connectedHost } from '../connected-host.ts';
import { loadNow, machineLine } from '../machine.ts';
import { table } from '../markdown.ts';
import { quantile } from '../quantile.ts';
import { commands, hasRsync, type Place, pulls, pushes, type Rig, runs, runsBesidePush, sshWords, type Way } from './ways.ts';
import { workSeconds } from './work-cost.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' }, out: { type: 'string' } },
});
const [EXECS, ROUNDS, LARGE_ROUNDS] = options.quick ? [20, 2, 2] : [200, 5, 3];
const LARGE_MIB = 1024;
const FILES = 1000;
const FILE_BYTES = 4096;

interface Cost {
  readonly ms: number;
  readonly cpuSeconds: number;
}
interface Row {
  readonly what: string;
  readonly costs: ReadonlyMap<string, Cost>;
}

interface Measuring {
  readonly rounds: number;
  readonly ways: readonly Way[];
  readonly folders: readonly string[];
}

const measured = async (what: string, { rounds, ways, folders }: Measuring): Promise<Row> => {
  const costs = new Map<string, Cost[]>(ways.map(({ name }) => [name, []]));
  // The first round is not counted: it opens what is kept open.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, run } of ways) {
      const [startedMs, startedSeconds] = [performance.now(), workSeconds(folders)];
      const took = await run(round);
      const ms = took ?? performance.now() - startedMs;
      if (round > 0) costs.get(name)?.push({ ms, cpuSeconds: workSeconds(folders) - startedSeconds });
    }
  }
  return { what, costs: new Map([...costs].map(([name, list]) => [name, medianOf(list)])) };
};

const medianOf = (costs: readonly Cost[]): Cost => ({
  ms: median(costs.map(({ ms }) => ms)),
  cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
});

const median = (values: readonly number[]): number => quantile([...values], 0.5);

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
    const rows = await rowsOf({ client: daemon.client, url: daemon.url, env: folder.env, sshd, work, folder: folder.path });
    const text = reportOf(rows, machineLine(load));
    process.stdout.write(text);
    if (options.out !== undefined) writeFileSync(options.out, text);
  } finally {
    spawnSync('ssh', [...sshWords(sshd, work), '-p', String(sshd.port), '-O', 'exit', `${sshd.user}@127.0.0.1`]);
    await daemon.stop();
    folder.remove();
    await sshd.stop();
    rmSync(work, { recursive: true, force: true });
  }
};

const rowsOf = async (rig: Rig): Promise<readonly Row[]> => {
  const { work } = rig;
  const [many, large] = [join(work, 'many'), join(work, 'large')];
  for (const folder of [many, large]) mkdirSync(folder);
  for (let at = 0; at < FILES; at += 1) writeFileSync(join(many, `f${at}`), randomBytes(FILE_BYTES));
  for (let at = 0; at < LARGE_MIB; at += 1) writeFileSync(join(large, 'file'), randomBytes(1024 * 1024), { flag: 'a' });
  const fresh: Place = (way, round) => join(work, `to-${way}-${round}`);
  const pulled: Place = (way, round) => join(work, `from-${way}-${round}`);
  const again: Place = (way) => join(work, `again-${way}`);
  const largeAt: Place = (way) => join(work, `large-${way}`, String(removed(join(work, `large-${way}`))));
  const rows: readonly (readonly [string, number, readonly Way[]])[] = [
    ['run `true`, from a program or by the command', EXECS, runs(rig)],
    ['run `true`, both by the command', Math.ceil(EXECS / 10), commands(rig)],
    [`push ${FILES} files of ${FILE_BYTES} B`, ROUNDS, pushes(rig, many, fresh)],
    ['push them again, nothing changed', ROUNDS, pushes(rig, many, again)],
    [`pull ${FILES} files of ${FILE_BYTES} B`, ROUNDS, pulls(rig, many, pulled)],
    [`push one file of ${LARGE_MIB} MiB`, LARGE_ROUNDS, pushes(rig, large, largeAt)],
    [`pull one file of ${LARGE_MIB} MiB`, LARGE_ROUNDS, pulls(rig, large, largeAt)],
    [
      `run \`true\` beside a push of ${LARGE_MIB} MiB (ssh: beside rsync)`,
      LARGE_ROUNDS,
      runsBesidePush(rig, large, { place: largeAt, median }),
    ],
  ];
  const folders = [rig.folder, work, rig.sshd.folder];
  const done: Row[] = [];
  for (const [what, rounds, ways] of rows)
    if (what.includes(options.only)) done.push(await measured(what, { rounds, ways, folders }));
  return done;
};

/** A large file is not kept for each round. */
const removed = (path: string): number => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  return 0;
};

const NAMES = ['kiln', 'ssh', 'rsync', 'scp'];

const reportOf = (rows: readonly Row[], machine: string): string => {
  const cells = (row: Row, of: (cost: Cost) => number, shown: (value: number) => string): readonly string[] => {
    const kiln = row.costs.get('kiln');
    const others = NAMES.slice(1).flatMap((name) => {
      const cost = row.costs.get(name);
      return cost && kiln ? [`${name} ${(of(cost) / of(kiln)).toFixed(2)}x`] : [];
    });
    const own = NAMES.map((name) => row.costs.get(name)).map((cost) => (cost ? shown(of(cost)) : '-'));
    return [row.what, ...own, others.join(', ')];
  };
  const lines = [
    '# Work on hosts against ssh, rsync and scp',
    '',
    `${machine} One sshd on loopback; ssh, scp and rsync over a kept connection. Medians; \`node bench/hosts/main.ts${options.quick ? ' --quick' : ''}${options.only === '' ? '' : ` --only '${options.only}'`}\`.`,
    ...(hasRsync ? [] : ['', 'rsync is not installed here (apt-get install rsync): its column is empty.']),
    '',
    table(
      ['what', ...NAMES, 'their time over Kiln’s'],
      rows.map((row) =>
        cells(
          row,
          ({ ms }) => ms,
          (ms) => `${ms.toFixed(1)} ms`,
        ),
      ),
    ),
    '',
    'CPU of all processes that have a part in it, on both sides:',
    '',
    table(
      ['what', ...NAMES, 'theirs over Kiln’s'],
      rows.map((row) =>
        cells(
          row,
          ({ cpuSeconds }) => cpuSeconds,
          (seconds) => `${seconds.toFixed(2)} s`,
        ),
      ),
    ),
    '',
  ];
  return lines.join('\n');
};

await main();
