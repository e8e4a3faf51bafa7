/** What every transport must do, run for ssh, local and command. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Transport } from '../../../src/gpu/host-session.ts';
import { buildRunnerArchive, type RunnerArchive } from '../../../src/gpu/runner-archive.ts';
import { FrameTalk } from '../../support/frame-talk.ts';

export const FAKE_RUNNER = 'test/fixtures/fake-runner';
const ATTEMPTS_ECHOED = 20_000;

export interface TransportCase {
  readonly name: string;
  readonly create: (folder: string, archive: () => Promise<RunnerArchive>) => Transport;
}

const signal = (): AbortSignal => AbortSignal.timeout(120_000);

export const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

export const transportConformance = ({ name, create }: TransportCase): void => {
  describe(`${name} transport`, () => {
    let folder: string;
    let transport: Transport;
    const streams: Duplex[] = [];

    beforeEach(() => {
      const parent = mkdtempSync(join(tmpdir(), 'kiln-t-'));
      // A name that any slip in quoting would break.
      folder = join(parent, `it's "$HOME" %`);
      transport = create(folder, async () => buildRunnerArchive(FAKE_RUNNER));
    });
    afterEach(async () => {
      for (const stream of streams.splice(0)) stream.destroy();
      await transport.stopRunner(signal());
      await transport.close();
      rmSync(join(folder, '..'), { recursive: true, force: true });
    });

    const open = async (through: Transport = transport): Promise<FrameTalk> => {
      const stream = await through.open(signal());
      streams.push(stream);
      return new FrameTalk(stream);
    };
    const runDir = (archive: RunnerArchive): string => join(folder, archive.hash.slice(0, 12));

    test('uploads the runner, starts it and carries frames both ways', async () => {
      const talk = await open();
      const hello = await talk.attach();
      expect(hello.inventory.hostname).toBe('fake');
      talk.send({ type: 'ping', nonce: 42 });
      expect(await talk.next('pong')).toEqual({ type: 'pong', nonce: 42 });
    });

    test('carries frames of megabytes unharmed', async () => {
      const attemptIds = Array.from({ length: ATTEMPTS_ECHOED }, (_, index) => `c-${String(index).padStart(32, '0')}.1`);
      const talk = await open();
      await talk.attach();
      talk.send({ type: 'retract', attemptIds });
      expect((await talk.next('retracted')).attemptIds).toEqual(attemptIds);
    });

    test('a second stream reaches the same runner: one upload, one start', async () => {
      const archive = await buildRunnerArchive(FAKE_RUNNER);
      const first = await (await open()).attach();
      const uploaded = statSync(join(folder, `runner-${archive.hash}.pyz`));
      streams[0]?.destroy();
      const second = await (await open()).attach();
      expect(second.runnerId).toBe(first.runnerId);
      expect(statSync(join(folder, `runner-${archive.hash}.pyz`)).ino).toBe(uploaded.ino);
      expect(readFileSync(join(runDir(archive), 'starts'), 'utf8')).toBe('start\n');
    });

    test('the runner outlives its streams and the transport', async () => {
      const archive = await buildRunnerArchive(FAKE_RUNNER);
      await (await open()).attach();
      const pid = pidIn(runDir(archive));
      streams[0]?.destroy();
      await transport.close();
      expect(isAlive(pid)).toBe(true);
    });

    test('a damaged archive on the host is replaced', async () => {
      const archive = await buildRunnerArchive(FAKE_RUNNER);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `runner-${archive.hash}.pyz`), 'half an upload');
      expect((await (await open()).attach()).type).toBe('hello');
    });

    test('a new version stops the old runner, takes over its spool and removes its folder', async () => {
      const old = await buildRunnerArchive(FAKE_RUNNER);
      await (await open()).attach();
      const pid = pidIn(runDir(old));
      writeFileSync(join(runDir(old), 'spool', 'result-1'), 'kept');
      const newer = await newerVersion(join(folder, '..'));
      const upgraded = create(folder, async () => newer);
      await (await open(upgraded)).attach();
      expect(isAlive(pid)).toBe(false);
      expect(readFileSync(join(runDir(newer), 'spool', 'result-1'), 'utf8')).toBe('kept');
      expect([existsSync(runDir(old)), readdirSync(folder).filter((file) => file.endsWith('.pyz')).length]).toEqual([false, 1]);
      await upgraded.stopRunner(signal());
      await upgraded.close();
    });

    test('stopRunner ends the runner, and is fine where none runs', async () => {
      await transport.stopRunner(signal());
      const archive = await buildRunnerArchive(FAKE_RUNNER);
      await (await open()).attach();
      const pid = pidIn(runDir(archive));
      await transport.stopRunner(signal());
      expect(isAlive(pid)).toBe(false);
    });

    test('opening can be given up at any moment', async () => {
      const failures: unknown[] = [];
      for (const ms of [0, 5, 20, 60]) {
        // A fast machine may have opened it by then; that is no failure.
        await transport.open(AbortSignal.timeout(ms)).then(
          (stream) => stream.destroy(),
          (error: unknown) => failures.push(error),
        );
      }
      expect(failures).not.toEqual([]);
      expect(failures.filter((error) => !(error instanceof Error && /^(KilnError|TimeoutError)$/.test(error.name)))).toEqual([]);
      expect((await (await open()).attach()).type).toBe('hello');
    });
  });
};

const pidIn = (dir: string): number => Number(readFileSync(join(dir, 'runner.pid'), 'utf8'));

const newerVersion = async (parent: string): Promise<RunnerArchive> => {
  const source = join(parent, 'newer', 'kiln_runner');
  mkdirSync(source, { recursive: true });
  for (const file of readdirSync(join(FAKE_RUNNER, 'kiln_runner')).filter((name) => name.endsWith('.py'))) {
    writeFileSync(join(source, file), `# newer\n${readFileSync(join(FAKE_RUNNER, 'kiln_runner', file), 'utf8')}`);
  }
  return buildRunnerArchive(join(parent, 'newer'));
};
