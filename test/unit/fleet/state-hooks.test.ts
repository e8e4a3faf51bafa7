import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeviceStateChange } from '../../../src/domain/hosts/device-state.ts';
import { DeviceId, HostId } from '../../../src/domain/ids.ts';
import { createStateHooks } from '../../../src/fleet/state-hooks.ts';
import { HANG_MS } from '../../support/limits.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-hooks-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const HOST = HostId.parse('box');
const change = (changes: Partial<DeviceStateChange> = {}): DeviceStateChange => ({
  hostId: HOST,
  deviceId: DeviceId.parse('GPU-1'),
  before: 'healthy',
  state: 'quarantined',
  reason: 'its memory; $(touch never)',
  since: '2026-01-01T00:00:00.000Z',
  needsPerson: true,
  ...changes,
});
const program = (text: string): string => {
  const file = join(folder, 'hook');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
};
const warned: string[] = [];
const log = { info: () => undefined, warn: (_facts: object, message: string) => void warned.push(message) };

test('the program of a host is run at each change, in order, without a shell, and is told what changed', async () => {
  const out = join(folder, 'out');
  const command = [
    program(`echo "$1 $KILN_HOST $KILN_DEVICE $KILN_STATE_BEFORE $KILN_STATE $KILN_NEEDS_PERSON $KILN_REASON" >> ${out}`),
    'a b',
  ];
  const hooks = createStateHooks({ commandOf: () => command, env: { PATH: '/usr/bin:/bin' }, log });
  hooks.onChange(change());
  hooks.onChange(change({ before: 'quarantined', state: 'probation', reason: null, needsPerson: false }));
  await hooks.idle();
  expect(readFileSync(out, 'utf8')).toBe(
    'a b box GPU-1 healthy quarantined 1 its memory; $(touch never)\na b box GPU-1 quarantined probation 0 \n',
  );
});

test('one that fails is told and changes nothing; a host without one runs nothing', async () => {
  warned.length = 0;
  const hooks = createStateHooks({
    commandOf: (host) => (host === HOST ? [join(folder, 'missing')] : null),
    env: {},
    log,
  });
  hooks.onChange(change());
  hooks.onChange(change({ hostId: HostId.parse('other') }));
  await hooks.idle();
  expect(warned).toEqual(['the program for changes of state failed']);
});

/** It says its own pid and that of a child, and heeds no SIGTERM. */
const endless = (out: string): string => program(`trap '' TERM\nsleep 600 &\necho $$ $! >> ${out}\nwait\nsleep 600`);
const pidsIn = (out: string): readonly number[] => (readFileSync(out, 'utf8').match(/\d+/gu) ?? []).map(Number);
const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

describe('a program that does not end', () => {
  const limits = { runMs: HANG_MS, stopGraceMs: 20, killGraceMs: 20 };

  test('is ended when the daemon stops, with what it started, and what waits for it is told and not run', async () => {
    warned.length = 0;
    const out = join(folder, 'out');
    const command = [endless(out)];
    const hooks = createStateHooks({ commandOf: () => command, env: { PATH: '/usr/bin:/bin' }, log, limits });
    hooks.onChange(change());
    hooks.onChange(change({ state: 'probation' }));
    await expect.poll(() => existsSync(out) && readFileSync(out, 'utf8').endsWith('\n')).toBe(true);
    await hooks.stop();
    expect(warned).toEqual([
      'the daemon stops: programs for changes of state are not run',
      'the program for changes of state failed',
    ]);
    expect(pidsIn(out)).toHaveLength(2);
    await expect.poll(() => pidsIn(out).filter(isThere)).toEqual([]);
  });

  test('is ended at its limit, and the next change has its turn', async () => {
    warned.length = 0;
    const out = join(folder, 'out');
    const command = [endless(out)];
    const hooks = createStateHooks({
      commandOf: () => command,
      env: { PATH: '/usr/bin:/bin' },
      log,
      limits: { ...limits, runMs: 200 },
    });
    hooks.onChange(change());
    hooks.onChange(change());
    await hooks.idle();
    expect(warned).toEqual(['the program for changes of state failed', 'the program for changes of state failed']);
    // On a busy machine it is ended before it says anything.
    await expect.poll(() => existsSync(out) && pidsIn(out).some(isThere)).toBe(false);
  });
});

test('one that is done within a moment of the stop is not cut off', async () => {
  warned.length = 0;
  const [out, go] = [join(folder, 'out'), join(folder, 'go')];
  const command = [program(`mkfifo ${go}\necho began > ${out}\nread line < ${go}\necho $line >> ${out}`)];
  const limits = { runMs: HANG_MS, stopGraceMs: HANG_MS, killGraceMs: HANG_MS };
  const hooks = createStateHooks({ commandOf: () => command, env: { PATH: '/usr/bin:/bin' }, log, limits });
  hooks.onChange(change());
  await expect.poll(() => existsSync(out) && readFileSync(out, 'utf8') === 'began\n').toBe(true);
  const stopped = hooks.stop();
  writeFileSync(go, 'done\n');
  await stopped;
  expect(readFileSync(out, 'utf8')).toBe('began\ndone\n');
  expect(warned).toEqual([]);
});
