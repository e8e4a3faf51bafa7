import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeviceId, HostId } from '../../../src/domain/ids.ts';
import { createStateHooks, type StateChange } from '../../../src/fleet/state-hooks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-hooks-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const HOST = HostId.parse('box');
const change = (changes: Partial<StateChange> = {}): StateChange => ({
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
