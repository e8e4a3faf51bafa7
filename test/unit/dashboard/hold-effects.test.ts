import { describe, expect, test } from 'vitest';
import { holdEffects } from '../../../src/dashboard/model/hold-effects.ts';
import type { DeviceView, HostView } from '../../../src/domain/api/fleet.ts';
import { DeviceId } from '../../../src/domain/ids.ts';
import { FLEET } from '../../support/server/fake-fleet.ts';

const [box] = FLEET.hosts;
const [gpu] = box?.devices ?? [];

const device = (id: string, changes: Partial<DeviceView> = {}): DeviceView => {
  if (gpu === undefined) throw new Error('the fake fleet has no device');
  return { ...gpu, id: DeviceId.parse(id), queued: 0, running: null, ...changes };
};
const host = (name: string, devices: DeviceView[], changes: Partial<HostView> = {}): HostView => {
  if (box === undefined) throw new Error('the fake fleet has no host');
  return { ...box, name, devices, ...changes };
};

describe('before a host is taken from work it is said', () => {
  test('what is finished there and what goes elsewhere', () => {
    const hosts = [
      host('a', [device('GPU-1', { running: 'c-1.1', queued: 2 }), device('GPU-2', { running: 'c-2.1', queued: 1 })]),
      host('b', [device('GPU-3')]),
    ];
    expect(holdEffects(hosts, 'a', null)).toEqual([
      '2 judgements under way there will be finished.',
      '3 candidates ready there will be judged elsewhere.',
    ]);
    expect(holdEffects(hosts, 'a', 'GPU-2')).toEqual([
      '1 judgement under way there will be finished.',
      '1 candidate ready there will be judged elsewhere.',
    ]);
  });

  test('that nothing runs, and that no other device of the class takes work', () => {
    const hosts = [host('a', [device('GPU-1')]), host('b', [device('GPU-3', { unavailable: 'cordoned' })])];
    expect(holdEffects(hosts, 'a', null)).toEqual([
      'Nothing is judged there now.',
      'No other device of H100 takes work: candidates for H100 wait until one does.',
    ]);
  });

  test('that a compile host will compile for nobody', () => {
    expect(holdEffects([host('c', [], { compilesFor: ['a'] })], 'c', null)).toEqual([
      'Nothing is judged there now.',
      'It will compile for no other host.',
    ]);
  });
});
