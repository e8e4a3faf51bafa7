import { Buffer } from 'node:buffer';
import { existsSync, globSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type JobId, type LogEvent, RunRequest } from '../../../src/domain/hosts/work.ts';
import { isAlive } from '../gpu/transport.conformance.ts';
import { asking, HOST, WORK_HOSTS, type WorkHost } from '../../support/work-host.ts';
import { HANG_MS } from '../../support/limits.ts';

const NEVER = new AbortController().signal;
const DEADLINE = { timeout: HANG_MS, interval: 20 };
const KINDS = WORK_HOSTS.filter(({ name }) => !name.includes('without'));

for (const { name, isMissing, start } of KINDS)
  describe.skipIf(isMissing)(`jobs on a host (${name})`, () => {
    let host: WorkHost;
    beforeAll(async () => {
      host = await start();
    });
    afterAll(async () => host.stop());

    const run = async (script: string, change: Partial<RunRequest> = {}) =>
      host.work.run(HOST, RunRequest.parse({ argv: ['sh', '-c', script], ...change }), asking());
    const wait = async (id: JobId) => host.work.job(HOST, id, { waitMs: HANG_MS, signal: NEVER });
    const logOf = async (id: JobId, query: { follow?: boolean; tail?: number } = {}) => {
      const events: LogEvent[] = [];
      for await (const event of host.work.logs(HOST, id, { follow: false, ...query }, NEVER)) events.push(event);
      const text = (stream: string): string =>
        events
          .map((event) => (event.event === stream && 'data' in event ? Buffer.from(event.data, 'base64').toString() : ''))
          .join('');
      return { events, stdout: text('stdout'), stderr: text('stderr') };
    };

    test('one has an id, a log with both outputs apart, and ends with its exit status', async () => {
      const mayEnd = join(host.folder, 'may-end');
      const script = `echo out; echo err >&2; while [ ! -e ${mayEnd} ]; do sleep 0.05; done; exit 4`;
      const job = await run(script, { name: 'nightly', env: ['A=1'] });
      expect(job).toMatchObject({
        id: expect.stringMatching(/^j-[0-9a-f]{12}$/) as string,
        name: 'nightly',
        by: 'tester',
        state: { status: 'running' },
      });
      writeFileSync(mayEnd, '');
      expect((await wait(job.id)).state).toMatchObject({
        status: 'ended',
        code: 4,
        signal: null,
        stopped: false,
        timedOut: false,
      });
      expect(await logOf(job.id)).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
      expect((await host.work.jobs(HOST, NEVER)).jobs[0]).toMatchObject({ id: job.id, state: { code: 4 } });
    });

    test('a cut connection, a daemon that starts anew and a process beside the runner that is killed do not touch it', async () => {
      const gate = join(host.folder, 'gate');
      const job = await run(`echo before; while [ ! -e ${gate} ]; do sleep 0.05; done; echo after`);
      const pids = globSync(`${host.folder}/kiln/*/hostwork/runner.pid`).map((file) => Number(readFileSync(file, 'utf8')));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await expect.poll(() => pids.filter((pid) => isAlive(pid)), DEADLINE).toEqual([]);
      const again = host.again();
      expect((await again.job(HOST, job.id, { waitMs: 0, signal: NEVER })).state).toEqual({ status: 'running' });
      const following = logOf(job.id, { follow: true });
      writeFileSync(gate, '');
      expect(await following).toMatchObject({ stdout: 'before\nafter\n' });
      expect((await wait(job.id)).state).toMatchObject({ code: 0 });
    });

    // What follows is the same work of the supervisor, whichever way it was asked for.
    if (name !== 'local') return;

    test('a stop ends all of it, also what ignores the first signal', async () => {
      const pids = join(host.folder, 'job-pids');
      const job = await run(
        `trap '' TERM; setsid sh -c 'trap "" TERM; echo $$ >> ${pids}; sleep 300' & echo $$ >> ${pids}; while :; do sleep 0.1; done`,
      );
      await expect.poll(() => existsSync(pids) && readFileSync(pids, 'utf8').trim().split('\n').length, DEADLINE).toBe(2);
      const { state } = await host.work.stop(HOST, job.id, asking());
      expect(state).toMatchObject({ status: 'ended', signal: 'SIGKILL', stopped: true });
      for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) expect(isAlive(Number(pid))).toBe(false);
      // Once more changes nothing.
      expect((await host.work.stop(HOST, job.id, asking())).state).toEqual(state);
    });

    test('a time limit ends it, and a program that is not there is told in its log', async () => {
      const late = await run('sleep 300', { timeoutMs: 300 });
      expect((await wait(late.id)).state).toMatchObject({ status: 'ended', timedOut: true, stopped: false });
      const missing = await host.work.run(HOST, RunRequest.parse({ argv: ['no-such-program'] }), asking());
      expect((await wait(missing.id)).state).toMatchObject({ code: 127 });
      expect(await logOf(missing.id)).toMatchObject({ stderr: 'kiln: no-such-program: not found on this host\n' });
    });

    test('one whose supervisor was killed is lost, and its command with it', async () => {
      const job = await run('echo $$; exec sleep 300');
      const pid = Number(readFileSync(join(host.folder, 'kiln/jobs', job.id, 'pid'), 'utf8'));
      await expect.poll(async () => (await logOf(job.id)).stdout, DEADLINE).not.toBe('');
      const command = Number((await logOf(job.id)).stdout);
      process.kill(pid, 'SIGKILL');
      expect((await wait(job.id)).state).toEqual({ status: 'lost' });
      await expect.poll(() => isAlive(command), DEADLINE).toBe(false);
    });

    test('one whose supervisor was killed says what it left, and a stop ends that', async () => {
      const job = await run('setsid sleep 300 & echo ready; wait');
      await expect.poll(async () => (await logOf(job.id)).stdout, DEADLINE).toBe('ready\n');
      const state = async () => (await host.work.job(HOST, job.id, { waitMs: 0, signal: NEVER })).state;
      process.kill(Number(readFileSync(join(host.folder, 'kiln/jobs', job.id, 'pid'), 'utf8')), 'SIGKILL');
      await expect.poll(state, DEADLINE).toEqual({ status: 'unwatched', processes: 1 });
      expect((await host.work.jobs(HOST, NEVER)).jobs[0]).toMatchObject({ id: job.id, state: { status: 'unwatched' } });
      expect((await host.work.stop(HOST, job.id, asking())).state).toEqual({ status: 'lost' });
    });

    test('the end of a log is told by lines; a log that grows without end keeps its last part and says what is gone', async () => {
      const job = await run('i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done');
      await wait(job.id);
      expect((await logOf(job.id, { tail: 2 })).stdout).toBe('line 48\nline 49\n');
      const long = await host.work.run(HOST, RunRequest.parse({ argv: ['head', '-c', '60000000', '/dev/zero'] }), asking());
      await wait(long.id);
      const { events, stdout } = await logOf(long.id);
      const [dropped] = events.filter(({ event }) => event === 'dropped');
      expect(dropped).toMatchObject({ bytes: expect.any(Number) as number });
      expect(stdout.length).toBeLessThan(45_000_000);
    });

    test('old ones are removed when another starts', async () => {
      const old = await run('true');
      await wait(old.id);
      const file = join(host.folder, 'kiln/jobs', old.id, 'end.json');
      const end = JSON.parse(readFileSync(file, 'utf8')) as { endedAtMs: number };
      writeFileSync(file, JSON.stringify({ ...end, endedAtMs: end.endedAtMs - 15 * 86_400_000 }));
      utimesSync(file, 0, 0);
      await run('true');
      await expect(wait(old.id)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('there is no job') as string,
      });
    });
  });
