/**
 * Every seed, the null test and the wrong and cheating corpus over a real sshd on this machine's GPU; prints one report.
 *
 * usage: node bench/gpu/run.ts [--out FILE] [--device CLASS] [--limit SECONDS] [--no-ceiling]      (bench/gpu/run does it with the offline bundle)
 *
 * After the limit it reports what was judged until then. --no-ceiling leaves out the vendor library's matrix product, which loads PyTorch.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Language } from '../../src/domain/plan/plan.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import { startSshd } from '../../test/support/sshd.ts';
import { kilnFolder, startKiln, untilDone } from '../../test/support/kiln-process.ts';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { report } from './report.ts';
import type { RunFacts } from './report.ts';
import { gpuWork } from './work.ts';
import { sessionEnvironment } from './rate/session-environment.ts';

const RUN_LIMIT_SECONDS = 480;
const CONNECT_LIMIT_MS = 90_000;
const JUDGE_LIMIT_MS = 6000;

const Ceiling = z.union([z.object({ flopsPerSecond: z.record(z.string(), z.number()) }), z.object({ missing: z.string() })]);

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      device: { type: 'string' },
      limit: { type: 'string' },
      'no-ceiling': { type: 'boolean' },
    },
  });
  const ceiling = values['no-ceiling'] ? { missing: 'not asked for' } : measureMatmulCeiling();
  const limitMs = 1000 * Number(values.limit ?? RUN_LIMIT_SECONDS);
  if (!(limitMs > 0)) throw new Error(`--limit ${values.limit} is no number of seconds`);
  const sshd = await startSshd({ env: sessionEnvironment() });
  const folder = kilnFolder('hosts: []\n', {
    KILN_TIMING_METHOD: 'paired',
    KILN_JUDGE_LIMIT_MS: String(JUDGE_LIMIT_MS),
    KILN_LOG_LEVEL: 'warn',
  });
  const ssh = `{host: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;
  folder.write('fleet.yaml', `hosts:\n  - {name: gpu-host, ssh: ${ssh}, runnerDir: ${folder.path}/remote, gpus: auto}\n`);
  const kiln = await startKiln(folder);
  try {
    const text = report(await runAll(kiln, { device: values.device, ceiling, limitMs }));
    process.stdout.write(text);
    if (values.out) writeFileSync(values.out, text);
  } finally {
    await kiln.stop();
    folder.remove();
    await sshd.stop();
  }
};

const runAll = async (
  kiln: KilnProcess,
  options: { readonly device: string | undefined; readonly ceiling: RunFacts['matmulCeiling']; readonly limitMs: number },
): Promise<RunFacts> => {
  const gpu = await gpuOf(kiln);
  const work = gpuWork(options.device ?? gpu.class, gpu.languages);
  const startedMs = performance.now();
  const { candidates } = await kiln.client.submit(work.map(({ body }) => body));
  const ids = new Set<string>(candidates.map(({ id }) => id));
  await untilDone(kiln.client, ids, options.limitMs).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
  });
  const wallSeconds = (performance.now() - startedMs) / 1000;
  const judged = [];
  for (const [index, item] of work.entries())
    judged.push({ item, candidate: await kiln.client.candidate(candidates[index]?.id ?? '') });
  const [host] = (await kiln.client.fleet()).hosts;
  if (!host) throw new Error('the fleet is empty');
  return {
    date: new Date().toISOString().slice(0, 10),
    judged,
    host,
    problems: loadProblems(join(import.meta.dirname, '../../kernels')),
    matmulCeiling: options.ceiling,
    wallSeconds,
  };
};

const gpuOf = async (kiln: KilnProcess): Promise<{ readonly class: string; readonly languages: readonly Language[] }> => {
  const abort = AbortSignal.timeout(CONNECT_LIMIT_MS);
  for await (const event of kiln.client.events({ after: 0, signal: abort })) {
    if (event.type === 'host.refused' || event.type === 'host.lost')
      throw new Error(`the host cannot be used: ${String(event.data['reason'])}`);
    if (event.type === 'host.connected') break;
  }
  const [host] = (await kiln.client.fleet()).hosts;
  const gpu = host?.devices.find(({ kind }) => kind === 'gpu');
  if (!gpu) throw new Error('the runner found no GPU; ./kiln doctor says why');
  return { class: gpu.class, languages: host?.inventory?.languages ?? [] };
};

/** Before Kiln runs, so that nothing disturbs anything. */
const measureMatmulCeiling = (): RunFacts['matmulCeiling'] => {
  const { stdout, stderr, status } = spawnSync('python3', [join(import.meta.dirname, 'matmul-ceiling.py')], { encoding: 'utf8' });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0) return { missing: stderr.trim().split('\n').at(-1) ?? 'python3 failed' };
  return Ceiling.parse(JSON.parse(line));
};

await main();
