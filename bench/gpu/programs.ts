/**
 * Programs on this machine's GPU, over a real sshd: each is built, recorded in its sandbox, and its recording judged beside its device twin.
 *
 * usage: node bench/gpu/programs.ts [--only torch,triton,cuda] [--problems a,b] [--out FILE] [--device CLASS] [--limit SECONDS]
 *
 * `--only torch` is the quickest look at whether recording and replay work at all. After the limit it reports what was judged until then.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Candidate } from '../../src/domain/candidate.ts';
import type { HostView } from '../../src/domain/api/fleet.ts';
import { canRecord } from '../../src/domain/hosts/environment-label.ts';
import { reasonText, WHOLE } from '../../src/domain/text/describe.ts';
import { plainLine } from '../../src/platform/printable-text.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import { startSshd } from '../../test/support/sshd.ts';
import { kilnFolder, startKiln, untilDone } from '../../test/support/kiln-process.ts';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { KINDS, type Kind, type ProgramItem, programWork } from './program-work.ts';
import { sessionEnvironment } from './rate/session-environment.ts';

const RUN_LIMIT_SECONDS = 540;
const CONNECT_LIMIT_MS = 120_000;
/** load_inline of several programs at once takes a minute and more. */
const COMPILE_LIMIT_MS = 300_000;

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      problems: { type: 'string' },
      out: { type: 'string' },
      device: { type: 'string' },
      limit: { type: 'string' },
    },
  });
  const sshd = await startSshd({ env: sessionEnvironment() });
  const folder = kilnFolder('hosts: []\n', {
    KILN_TIMING_METHOD: 'paired',
    KILN_COMPILE_LIMIT_MS: String(COMPILE_LIMIT_MS),
    KILN_LOG_LEVEL: 'warn',
  });
  const ssh = `{host: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;
  folder.write('fleet.yaml', `hosts:\n  - {name: gpu-host, ssh: ${ssh}, runnerDir: ${folder.path}/remote, gpus: auto}\n`);
  const kiln = await startKiln(folder);
  try {
    const host = await connected(kiln);
    const text = await run(kiln, host, {
      kinds: KINDS.filter((kind) => values.only === undefined || values.only.split(',').includes(kind)),
      only: values.problems?.split(','),
      device: values.device,
      limitMs: 1000 * Number(values.limit ?? RUN_LIMIT_SECONDS),
    });
    process.stdout.write(text);
    if (values.out) writeFileSync(values.out, text);
  } finally {
    await kiln.stop();
    folder.remove();
    await sshd.stop();
  }
};

const connected = async (kiln: KilnProcess): Promise<HostView> => {
  for await (const event of kiln.client.events({ after: 0, signal: AbortSignal.timeout(CONNECT_LIMIT_MS) })) {
    if (event.type === 'host.refused' || event.type === 'host.lost')
      throw new Error(`the host cannot be used: ${String(event.data['reason'])}`);
    if (event.type === 'host.connected') break;
  }
  const [host] = (await kiln.client.fleet()).hosts;
  if (!host) throw new Error('the fleet is empty');
  return host;
};

interface Asked {
  readonly kinds: readonly Kind[];
  readonly only: readonly string[] | undefined;
  readonly device: string | undefined;
  readonly limitMs: number;
}

const run = async (kiln: KilnProcess, host: HostView, { kinds, only, device, limitMs }: Asked): Promise<string> => {
  const gpu = host.devices.find(({ kind }) => kind === 'gpu');
  const environments = host.inventory?.environments ?? [];
  const said = environments.map(
    ({ name, torch, triton, recorder, sandbox, warnings }) =>
      `environment ${name}: PyTorch ${torch ?? 'none'}, Triton ${triton ?? 'none'}, recorder ${recorder}, sandbox ${sandbox.level}${warnings.map((words) => `\n  ${plainLine(words)}`).join('')}`,
  );
  const head = `# Programs on ${gpu?.model ?? 'no GPU'}, ${new Date().toISOString().slice(0, 10)}\n\n${said.join('\n') || 'no environment: no Python with PyTorch was found'}\n`;
  if (!gpu || !environments.some(canRecord)) return `${head}\nNothing is recorded here.\n`;
  const loaded = loadProblems(join(import.meta.dirname, '../../kernels'));
  const problems = new Map([...loaded].filter(([name]) => only === undefined || only.includes(name)));
  const work = programWork({ device: device ?? gpu.class, kinds, problems });
  const bodies = work.flatMap(({ body, twin }) => (twin ? [body, twin] : [body]));
  const startedMs = performance.now();
  const { candidates } = await kiln.client.submit(bodies);
  await untilDone(kiln.client, new Set(candidates.map(({ id }) => id)), limitMs).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const found = await Promise.all(candidates.map(async ({ id }) => kiln.client.candidate(id)));
  const rows = work.map((item) => ({
    item,
    program: found[bodies.indexOf(item.body)],
    twin: item.twin && found[bodies.indexOf(item.twin)],
  }));
  return `${head}\n${tableOf(rows)}\n${work.length} programs in ${seconds.toFixed(0)} s.\n\n${reasonsOf(rows)}`;
};

interface Row {
  readonly item: ProgramItem;
  readonly program: Candidate | undefined;
  readonly twin: Candidate | null | undefined;
}

const tableOf = (rows: readonly Row[]): string =>
  [
    '| program | verdict | case: time, of the device twin (ratio) |',
    '| --- | --- | --- |',
    ...rows.map(({ item, program, twin }) => `| ${item.name} | ${verdictOf(program)} | ${timesOf(program, twin)} |`),
    '',
  ].join('\n');

const verdictOf = (candidate: Candidate | undefined): string =>
  candidate?.state.status === 'done' ? candidate.state.outcome.verdict : (candidate?.state.status ?? 'unknown');

const mediansOf = (candidate: Candidate | null | undefined): ReadonlyMap<string, number> =>
  candidate?.state.status === 'done' && candidate.state.outcome.verdict === 'passed'
    ? new Map(candidate.state.outcome.timings.map(({ case: name, candidate: { medianNs } }) => [name, medianNs]))
    : new Map();

const timesOf = (program: Candidate | undefined, twin: Candidate | null | undefined): string => {
  const twins = mediansOf(twin);
  return [...mediansOf(program)]
    .map(([name, ns]) => {
      const beside = twins.get(name);
      return `${name}: ${us(ns)}${beside === undefined ? '' : `, ${us(beside)} (${(ns / beside).toFixed(3)})`}`;
    })
    .join('; ');
};

const us = (ns: number): string => `${(ns / 1000).toFixed(2)} us`;

const reasonsOf = (rows: readonly Row[]): string =>
  rows
    .flatMap(({ item, program }) =>
      program?.state.status === 'done' && program.state.outcome.verdict !== 'passed'
        ? [`## ${item.name}\n\n${reasonText(program.state.outcome, WHOLE)}\n`]
        : [],
    )
    .join('\n');

await main();
