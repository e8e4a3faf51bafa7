import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExecEvent, ExecRequest } from '../../../src/domain/hosts/work.ts';
import { HostId } from '../../../src/domain/ids.ts';
import type { Asking } from '../../../src/domain/ports/host-work.ts';
import { isAlive } from '../gpu/transport.conformance.ts';
import { asking, HOST, WORK_HOSTS, type WorkHost } from '../../support/work-host.ts';
import { HANG_MS } from '../../support/limits.ts';

type Wish = Partial<Omit<ExecRequest, 'argv'>> & { readonly argv: readonly string[] };
const requestOf = (wish: Wish): ExecRequest => ExecRequest.parse(wish);
const told = (events: readonly ExecEvent[]) => {
  const bytes = (name: 'stdout' | 'stderr'): Buffer =>
    Buffer.concat(events.map((event) => (event.event === name ? Buffer.from(event.data, 'base64') : Buffer.alloc(0))));
  return { end: events.at(-1), stdout: bytes('stdout'), stderr: bytes('stderr') };
};
/** What it starts, also in a session of its own, with every signal ignored. */
const stubborn = (pids: string): readonly string[] => [
  'sh',
  '-c',
  `trap '' INT TERM HUP; setsid sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 0.2; done' & echo $$ >> ${pids}; while [ $(wc -l < ${pids}) -lt 2 ]; do sleep 0.05; done; echo ready; while :; do sleep 0.2; done`,
];

const DEADLINE = { timeout: HANG_MS, interval: 20 };

for (const { name, start, isMissing } of WORK_HOSTS)
  describe.skipIf(isMissing)(`commands on a host (${name})`, () => {
    let host: WorkHost;
    beforeAll(async () => {
      host = await start();
    });
    afterAll(async () => host.stop());

    const run = async (wish: Wish, change: Partial<Asking> = {}) => {
      const events: ExecEvent[] = [];
      for await (const event of host.work.exec(HOST, requestOf(wish), asking(change))) events.push(event);
      return told(events);
    };

    test('stdout and stderr come apart, byte for byte, and the exit status with them', async () => {
      const { end, stdout, stderr } = await run({
        argv: [
          'python3',
          '-c',
          'import sys; sys.stdout.buffer.write(bytes(range(256)) * 4000); sys.stderr.write("err"); sys.exit(3)',
        ],
      });
      expect(end).toEqual({ event: 'exited', code: 3, signal: null, timedOut: false });
      expect(
        stdout.equals(Buffer.concat(Array.from({ length: 4000 }, () => Buffer.from(Array.from({ length: 256 }, (_, at) => at))))),
      ).toBe(true);
      expect(stderr.toString()).toBe('err');
    });

    test('devices that the host does not have are refused before anything is said', async () => {
      const events: ExecEvent[] = [];
      const asked = async (): Promise<void> => {
        for await (const event of host.work.exec(HOST, requestOf({ argv: ['ls'], devices: 'all' }), asking())) events.push(event);
      };
      await expect(asked()).rejects.toThrow('has no GPU: leave --gpu out');
      expect(events).toEqual([]);
    });

    test('arguments reach the program as they are: no shell reads them', async () => {
      const words = ['$HOME', '`id`', "it's", '"', 'a b', '*', '', 'ü\n'];
      const { stdout } = await run({ argv: ['python3', '-c', 'import sys, json; print(json.dumps(sys.argv[1:]))', ...words] });
      expect(JSON.parse(stdout.toString())).toEqual(words);
    });

    test('what is piped in reaches it, to its end', async () => {
      const events: ExecEvent[] = [];
      const input = Buffer.alloc(3_000_000, 'kiln ');
      for await (const event of host.work.exec(HOST, requestOf({ argv: ['sha256sum'], stdin: true }), asking())) {
        events.push(event);
        if (event.event !== 'accepted') continue;
        void (async () => {
          await expect.poll(() => events.some((one) => one.event === 'started'), DEADLINE).toBe(true);
          await host.work.input(event.execution, input, { end: false });
          await host.work.input(event.execution, Buffer.alloc(0), { end: true });
        })();
      }
      expect(told(events).stdout.toString()).toContain(createHash('sha256').update(input).digest('hex'));
    });

    test('a signal reaches its whole process group', async () => {
      const pids = join(host.folder, 'pids');
      const script = `trap 'echo caught; exit 9' INT; sleep 300 & echo $$ $! > ${pids}; echo ready; wait`;
      const events: ExecEvent[] = [];
      let id = '';
      for await (const event of host.work.exec(HOST, requestOf({ argv: ['sh', '-c', script] }), asking())) {
        events.push(event);
        if (event.event === 'accepted') id = event.execution;
        if (event.event === 'stdout' && Buffer.from(event.data, 'base64').toString().includes('ready'))
          host.work.signal(id, 'INT');
      }
      expect(told(events).stdout.toString()).toBe('ready\ncaught\n');
      expect(told(events).end).toMatchObject({ code: 9 });
      for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) expect(isAlive(Number(pid))).toBe(false);
      expect(() => host.work.signal(id, 'INT')).toThrow('it has ended');
    });

    test('who stops reading ends it, and nothing of it is left: not what ignores signals, not what left its group', async () => {
      const pids = join(host.folder, 'stubborn');
      const request = requestOf({ argv: [...stubborn(pids)], devices: 'any' });
      for await (const event of host.work.exec(HOST, request, asking())) if (event.event === 'stdout') break;
      expect(host.lent.now).toBe(0);
      const left = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
      expect(left).toHaveLength(2);
      await expect.poll(() => left.filter((pid) => isAlive(pid)), DEADLINE).toEqual([]);
    });

    test('many at once do not wait for each other', async () => {
      const meeting = join(host.folder, 'meeting');
      mkdirSync(meeting);
      writeFileSync(join(meeting, 'open'), '');
      // Each waits until all are there.
      const script = `: > ${meeting}/$0; while [ $(ls ${meeting} | wc -l) -lt 9 ]; do sleep 0.05; done`;
      const ends = await Promise.all(Array.from({ length: 8 }, async (_, at) => run({ argv: ['sh', '-c', script, String(at)] })));
      expect(ends.map(({ end }) => end)).toEqual(ends.map(() => expect.objectContaining({ code: 0 }) as unknown));
      expect(existsSync(join(meeting, '7'))).toBe(true);
    });

    // What follows is the same work of the runner, whichever way it was asked.
    if (name !== 'local') return;

    test('variables and the folder are as asked, and no GPU is visible unless one is held', async () => {
      const cwd = join(host.folder, 'here');
      mkdirSync(cwd);
      const script = 'pwd; echo "$NAME;${CUDA_VISIBLE_DEVICES-unset};$PYTHONUTF8"';
      const plain = await run({ argv: ['sh', '-c', script], cwd, env: ['NAME=a=b c'] });
      expect(plain.stdout.toString()).toBe(`${cwd}\na=b c;;\n`);
      const { ever } = host.lent;
      const held = await run({ argv: ['sh', '-c', 'echo "$CUDA_VISIBLE_DEVICES"'], devices: 'any' });
      expect(held.stdout.toString()).toBe('GPU-of-the-test\n');
      expect(host.lent).toMatchObject({ now: 0, ever: ever + 1 });
    });

    test('a program that is not there is told as a shell tells it', async () => {
      const { end, stderr } = await run({ argv: ['no-such-program'] });
      expect(end).toMatchObject({ event: 'exited', code: 127 });
      expect(stderr.toString()).toBe('kiln: no-such-program: not found on this host\n');
    });

    test('a folder that is not there, and a host that is not there, are refused before anything runs', async () => {
      await expect(run({ argv: ['true'], cwd: '/nonexistent/folder' })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('there is no folder /nonexistent/folder on this host: push one there') as string,
      });
      const elsewhere = host.work.exec(HostId.parse('other'), requestOf({ argv: ['true'] }), asking());
      await expect(elsewhere[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('a time limit ends it', async () => {
      const { end } = await run({ argv: ['sleep', '300'], timeoutMs: 200 });
      expect(end).toEqual({ event: 'exited', code: null, signal: 'SIGTERM', timedOut: true });
    });

    test('what it left in the background ends with it', async () => {
      const pid = join(host.folder, 'background');
      const { end } = await run({ argv: ['sh', '-c', `setsid sleep 300 & echo $! > ${pid}; exit 0`] });
      expect(end).toMatchObject({ code: 0 });
      expect(isAlive(Number(readFileSync(pid, 'utf8')))).toBe(false);
    });

    test('two runners of one host, and a command that holds a device, never have it at once: the lock is held', async () => {
      const file = join('/tmp/kiln-locks', 'GPU-of-the-test.lock');
      const { stdout } = await run({ argv: ['sh', '-c', `flock -n ${file} true; echo $?`], devices: 'any' });
      expect(stdout.toString()).toBe('1\n');
      const after = await run({ argv: ['sh', '-c', `flock -n ${file} true; echo $?`] });
      expect(after.stdout.toString()).toBe('0\n');
    });

    test('the journal tells who did what, without the values of variables', async () => {
      const before = host.journal.length;
      await run({ argv: ['true'], env: ['SECRET=hidden'] });
      const [begun, ended] = host.journal.slice(before);
      expect(begun).toMatchObject({
        type: 'host.work.started',
        hostId: HOST,
        data: { action: 'exec', argv: ['true'], by: { says: 'tester' } },
      });
      expect(ended).toMatchObject({ type: 'host.work.ended', data: { code: 0, signal: null } });
      expect(JSON.stringify(host.journal)).not.toContain('hidden');
    });
  });
