import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { KernelProfile, Profile } from '../../../src/domain/profile.ts';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';
import { type FakeServer, serveFake, until } from '../../support/server/serve-fake.ts';

const KERNEL: KernelProfile = {
  kernel: 'rows',
  registers: 40,
  spillBytes: 0,
  sharedBytes: 2048,
  occupancyTheoretical: 0.75,
  occupancyAchieved: 0.6,
  occupancyLimiter: 'registers',
  durationNs: 21_500,
  memoryPeakShare: 0.91,
  computePeakShare: 0.12,
  l2HitRate: 0.33,
  bankConflictShare: null,
  stalls: [{ reason: 'long scoreboard', share: 0.6 }],
};
const done = (rawBytes: number): Profile['state'] => ({
  status: 'done',
  summary: { source: 'ncu', note: 'seen\u001b[31m', case: 'big', deviceModel: 'NVIDIA H100 80GB HBM3', kernels: [KERNEL] },
  rawBytes,
});

describe('profile', () => {
  let server: FakeServer;
  let folder: string;
  beforeEach(async () => {
    server = await serveFake();
    folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'));
    writeFileSync(join(folder, 'good.cu'), '// x');
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const kiln = async (...args: string[]): Promise<CliRun> => runCli(args, { url: server.url, cwd: folder });
  const submitted = async (...args: string[]): Promise<CandidateId> => {
    const run = await kiln('submit', 'good.cu', '--problem', 'vector_add', '--json', ...args);
    const answer = JSON.parse(run.stdout) as { candidates: { id: string }[] };
    return CandidateId.parse(answer.candidates[0]?.id);
  };

  test('of a candidate submitted with --profile is printed, and its report written', async () => {
    const id = await submitted('--profile');
    server.kiln.finishProfile(id, done(6), Buffer.from('report'));
    const run = await kiln('profile', id, '--raw', 'out.ncu-rep');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^rows +21\.5 µs +91 % +12 % +60 % +75 % +registers +40 +0 B +2\.00 KiB +33 % +-$/mu);
    expect(run.stdout).toContain('rows waits for: long scoreboard 60 %');
    expect(run.stdout).not.toContain('\u001b');
    expect(readFileSync(join(folder, 'out.ncu-rep'), 'utf8')).toBe('report');
    expect(JSON.parse((await kiln('profile', id, '--json')).stdout)).toMatchObject({ candidateId: id, state: done(6) });
  });

  test('is asked for where there is none, and waited for with what it waits for', async () => {
    const id = await submitted();
    const run = kiln('profile', id);
    await until(() => server.kiln.asked().includes(id), 'it is asked for');
    server.kiln.finishProfile(id, { status: 'failed', message: 'it hangs' });
    expect(await run).toMatchObject({ code: 1, stdout: `${id}  not profiled: it hangs\n` });
    expect(await kiln('profile', `c-${'0'.repeat(32)}`)).toMatchObject({ code: 1, stdout: '' });
  });
});
