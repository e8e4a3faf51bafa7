/** The loop that people use: for each candidate one `ssh HOST python3 smoke_test.py`, one after the other. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { ResolvedLaunch } from '../../../src/domain/plan/resolved-plan.ts';
import { connectSsh } from '../../../src/gpu/transports/ssh-connection.ts';
import { targetOf } from '../../../test/support/sshd.ts';
import type { Sshd } from '../../../test/support/sshd.ts';
import type { PreparedWork } from './prepared-work.ts';
import { RUNS } from './timing.ts';

const SCRIPT = join(import.meta.dirname, 'smoke_test.py');
const PROBE_LIMIT_MS = 120_000;
const SMOKE_LIMIT_MS = 120_000;

const Answer = z.object({ correct: z.boolean(), mediansUs: z.array(z.number()) });

/** The python3 that has torch and a GPU, by its path, since an ssh session may find another; or why there is none. */
export const pythonWithTorch = (): { readonly python: string } | { readonly missing: string } => {
  const probe = 'import sys, torch; assert torch.cuda.is_available(), "torch sees no GPU"; print(sys.executable)';
  const { status, stdout, stderr } = spawnSync('python3', ['-c', probe], { encoding: 'utf8', timeout: PROBE_LIMIT_MS });
  if (status === 0) return { python: stdout.trim() };
  return { missing: stderr.trim().split('\n').at(-1) ?? 'python3 failed' };
};

/** Seconds of each of the first `sample` candidates that pass; the machine's disk cache has torch by then (pythonWithTorch). */
export const runSmoke = async (
  work: PreparedWork,
  { python, sshd, sample }: { readonly python: string; readonly sshd: Sshd; readonly sample: number },
): Promise<readonly number[]> => {
  const seconds: number[] = [];
  for (const { task } of work.tasks.filter(({ kind }) => kind === 'sweep').slice(0, sample)) {
    const launches = Object.values(task.plans).flatMap(({ launches: [launch] }) => (launch ? [launch] : []));
    const cases = launches.map(({ grid, block, args }) => ({ grid, block, n: elementsOf(args) }));
    const cubin = join(work.cacheFolder, 'artifacts', task.artifact, 'code.cubin');
    const startedMs = performance.now();
    await smokeTest([python, SCRIPT], sshd, { cubin, kernel: launches[0]?.kernel, cases, runs: RUNS });
    seconds.push((performance.now() - startedMs) / 1000);
  }
  return seconds;
};

/** The one scalar of the problem's kernels. */
const elementsOf = (args: ResolvedLaunch['args']): number => {
  for (const arg of args) if (arg.kind === 'scalar') return arg.value;
  throw new Error('the launch has no number of elements');
};

const smokeTest = async (argv: readonly string[], sshd: Sshd, input: object): Promise<void> => {
  const connection = await connectSsh(targetOf(sshd), AbortSignal.timeout(SMOKE_LIMIT_MS));
  try {
    const command = await connection.execute(argv, AbortSignal.timeout(SMOKE_LIMIT_MS));
    command.stdin.end(JSON.stringify(input));
    let output = '';
    for await (const text of command.stdout.setEncoding('utf8')) output += String(text);
    const code = await command.exited;
    if (code !== 0) throw new Error(`smoke_test.py ended with ${code}: ${command.stderrTail()}`);
    if (!Answer.parse(JSON.parse(output)).correct) throw new Error('smoke_test.py found an honest candidate wrong');
  } finally {
    connection.end();
  }
};
