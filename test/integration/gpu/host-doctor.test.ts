import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostConfig, HostTransport } from '../../../src/domain/fleet.ts';
import { HostId } from '../../../src/domain/ids.ts';
import { diagnoseFleet } from '../../../src/gpu/host-doctor.ts';
import { freePort, type Sshd, sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';

/** A folder that takes the place of PyTorch. */
const PLAYED = join(import.meta.dirname, '../../python/programs/environment');
let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'kiln-doctor-'));
});
afterAll(() => rmSync(dataDir, { recursive: true }));

/** Only root may mount, and not in every container. */
const noexecMissing = spawnSync('unshare', ['--mount', 'true']).status !== 0;

const hostOf = (transport: HostTransport, runnerDir: string): HostConfig => ({
  name: HostId.parse('box'),
  transport,
  labels: [],
  gpus: { kind: 'none' },
  cpu: true,
  compileSlots: null,
  runnerDir,
});

/** "ok python3" or "FAILED login", in order. What environments of programs this machine has is its own affair. */
const examine = async (transport: HostTransport): Promise<readonly string[]> => {
  const host = hostOf(transport, join(dataDir, transport.kind));
  const [diagnosis] = await diagnoseFleet({ config: { hosts: [host] }, dataDir, daemonId: 'd' });
  const checks = diagnosis?.checks.filter(({ check }) => check !== 'note' && check !== 'environment') ?? [];
  expect(checks.filter(({ ok, remedy }) => !ok && !remedy)).toEqual([]);
  return checks.map(({ ok, check }) => `${ok ? 'ok' : 'FAILED'} ${check}`);
};

describe('the doctor', () => {
  test('examines this machine with the real runner', async () => {
    expect(await examine({ kind: 'local' })).toEqual(['ok reachable', 'ok python3', 'ok disk', 'ok gcc', 'ok confinement']);
  });

  test('a command that is not installed: the way there is what fails', async () => {
    expect(await examine({ kind: 'command', argv: ['no-such-program'] })).toEqual(['FAILED reachable']);
  });

  test.skipIf(noexecMissing)(
    'a folder that no code can be loaded from, before a candidate waits for it (needs root)',
    async () => {
      const place = join(dataDir, 'noexec');
      mkdirSync(place);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec,size=8m', 'kiln-test', place]);
      try {
        const host = hostOf({ kind: 'local' }, join(place, 'runner'));
        const [diagnosis] = await diagnoseFleet({ config: { hosts: [host] }, dataDir, daemonId: 'd' });
        const last = diagnosis?.checks.at(-1);
        expect(last).toMatchObject({ ok: false, check: 'runnerDir' });
        expect(last?.found).toContain('mounted noexec');
        expect(last?.remedy).toContain('set runnerDir:');
      } finally {
        execFileSync('umount', [place]);
      }
    },
  );

  test('a folder outside of ASCII, under a login whose locale knows no such letters', async () => {
    const argv = ['/usr/bin/env', 'LC_ALL=C', 'PYTHONCOERCECLOCALE=0'];
    const host = hostOf({ kind: 'command', argv }, join(dataDir, 'Läufer'));
    const [diagnosis] = await diagnoseFleet({ config: { hosts: [host] }, dataDir, daemonId: 'd' });
    expect(diagnosis?.checks.find(({ check }) => check === 'disk')?.found).toContain('/Läufer/d/box');
    expect(diagnosis?.checks.filter(({ ok, check }) => !ok || check === 'note')).toEqual([]);
  });

  test('an environment that no host of the fleet records in is told with what to add, unless other hosts may record', async () => {
    const python = join(dataDir, 'python3');
    writeFileSync(python, `#!/bin/sh\nPYTHONPATH="$PYTHONPATH:${PLAYED}" exec python3 "$@"\n`, { mode: 0o755 });
    const host = hostOf({ kind: 'command', argv: ['/usr/bin/env', `KILN_TORCH_PYTHON=${python}`] }, join(dataDir, 'played'));
    const options = { config: { hosts: [host] }, dataDir, daemonId: 'd' };
    const played = async (others: 'none' | 'some') => {
      const [diagnosis] = await diagnoseFleet({ ...options, others });
      return diagnosis?.checks.find(({ found }) => found.startsWith('torch: '));
    };
    expect(await played('none')).toMatchObject({
      ok: true,
      found: expect.stringContaining('no host of the fleet that answered records programs of torch') as string,
      remedy: expect.stringContaining('add a host with an NVIDIA GPU') as string,
    });
    expect(await played('some')).toMatchObject({
      ok: true,
      found: expect.not.stringContaining('elsewhere') as string,
      remedy: null,
    });
  });

  test('environments that the fleet file alone names are looked at where it says they are, and one that is not there is missing', async () => {
    const python = join(dataDir, 'named python3');
    writeFileSync(python, `#!/bin/sh\nPYTHONPATH="$PYTHONPATH:${PLAYED}" exec python3 "$@"\n`, { mode: 0o755 });
    const transport = { kind: 'command', argv: ['/usr/bin/env', 'KILN_TORCH_PYTHON='] } as const;
    const environments = [
      { name: 'one', python },
      { name: 'two', python },
      { name: 'gone', python: join(dataDir, 'nowhere') },
    ];
    const host = { ...hostOf(transport, join(dataDir, 'named')), environments };
    const [diagnosis] = await diagnoseFleet({ config: { hosts: [host] }, dataDir, daemonId: 'd', others: 'some' });
    const found = diagnosis?.checks.filter(({ check }) => check === 'environment') ?? [];
    expect(found.map(({ found: words }) => words.split(/[: ]/u).slice(0, 2).join(' '))).toEqual([
      'environment gone',
      expect.stringMatching(/^one/u),
      expect.stringMatching(/^two/u),
    ]);
    expect(found[0]).toMatchObject({ ok: false, found: expect.stringContaining('cannot be used') as string });
  });

  test('a host without python3', async () => {
    expect(await examine({ kind: 'command', argv: ['/usr/bin/env', 'PATH=/nowhere'] })).toEqual([
      'ok reachable',
      'FAILED python3',
    ]);
  });
});

describe.skipIf(sshdMissing)(`the doctor over a real sshd${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(async () => sshd.stop());

  test('a healthy host passes every step', async () => {
    expect(await examine({ kind: 'ssh', target: targetOf(sshd) })).toEqual([
      'ok reachable',
      'ok host key',
      'ok login',
      'ok python3',
      'ok disk',
      'ok gcc',
      'ok confinement',
    ]);
  });

  test('the step that fails is named, with those before it', async () => {
    const ssh = async (change: Parameters<typeof targetOf>[1]): Promise<readonly string[]> =>
      examine({ kind: 'ssh', target: targetOf(sshd, change) });
    expect(await ssh({ port: await freePort() })).toEqual(['FAILED reachable']);
    expect(await ssh({ hostKey: { kind: 'none' } })).toEqual(['ok reachable', 'FAILED host key']);
    // A public key, a key and a known_hosts that are not there: each is its host's own failure.
    expect((await ssh({ credential: { kind: 'key', path: `${sshd.keyPath}.pub` } })).at(-1)).toBe('FAILED login');
    expect((await ssh({ credential: { kind: 'key', path: '/nowhere/key' } })).at(-1)).toBe('FAILED login');
    expect((await ssh({ hostKey: { kind: 'known-hosts', path: '/nowhere/known_hosts' } })).at(-1)).toBe('FAILED host key');
    expect(await ssh({ credential: { kind: 'key', path: sshd.strangerKeyPath } })).toEqual([
      'ok reachable',
      'ok host key',
      'FAILED login',
    ]);
  });
});
