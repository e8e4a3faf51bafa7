import { expect, test } from 'vitest';
import type { HostConfig, SshTarget } from '../../../src/domain/fleet.ts';
import { HostId } from '../../../src/domain/ids.ts';
import { addressOf, createFleet, runnerFolder } from '../../../src/gpu/fleet.ts';

const hostOf = (change: Partial<HostConfig>): HostConfig => ({
  name: HostId.parse('box'),
  transport: { kind: 'local' },
  labels: ['lab'],
  gpus: { kind: 'all' },
  cpu: false,
  compileSlots: null,
  runnerDir: null,
  ...change,
});
const TARGET: SshTarget = {
  host: 'h',
  port: 2222,
  user: 'u',
  credential: { kind: 'key', path: '/keys/id' },
  hostKey: { kind: 'none' },
  jump: null,
};
const SSH = hostOf({ transport: { kind: 'ssh', target: { ...TARGET, jump: { ...TARGET, host: 'gate', port: 22 } } } });
const COMMAND = hostOf({ transport: { kind: 'command', argv: ['kubectl', '--token=abc', 'exec', '--api-key=def'] } });

test('each host gets a session that nothing has started yet', () => {
  const log = { info: () => undefined, warn: () => undefined };
  const sessions = createFleet({ config: { hosts: [hostOf({}), SSH, COMMAND] }, dataDir: '/data', daemonId: 'd1', log });
  expect(
    sessions.map(({ hostId, transport, labels, inventory, roundTripMs }) => [hostId, transport, labels, inventory, roundTripMs]),
  ).toEqual([
    ['box', 'local', ['lab'], null, null],
    ['box', 'ssh', ['lab'], null, null],
    ['box', 'command', ['lab'], null, null],
  ]);
});

test('an address says how a host is reached, without secrets', () => {
  expect([hostOf({}), SSH, COMMAND].map(addressOf)).toEqual([
    'local',
    'u@h:2222 via u@gate:22',
    'kubectl --token=*** exec --api-key=***',
  ]);
});

test('a runner has a folder of its own for each daemon and each entry of the fleet file', () => {
  const place = { dataDir: '/data', daemonId: 'd1' };
  expect([hostOf({}), SSH, COMMAND].map((host) => runnerFolder(host, place))).toEqual([
    '/data/runner-box',
    '~/.cache/kiln/d1/box',
    '~/.cache/kiln/d1/box',
  ]);
  expect(runnerFolder({ ...SSH, runnerDir: '/scratch' }, place)).toBe('/scratch/d1/box');
});
