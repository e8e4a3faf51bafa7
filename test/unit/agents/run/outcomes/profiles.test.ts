import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createProfiles, pauseMs } from '../../../../../src/agents/run/outcomes/profiles.ts';
import type { CandidateId } from '../../../../../src/domain/ids.ts';
import type { Profile } from '../../../../../src/domain/profile.ts';
import { idOf } from '../../../../support/agents/generations.ts';

const AT = '2026-01-01T00:00:00.000Z';
const waiting = (candidateId: CandidateId): Profile => ({
  candidateId,
  state: { status: 'waiting', reason: 'its turn' },
  askedAt: AT,
  updatedAt: AT,
});

const rig = (slots = 8) => {
  const state = { ms: 0, slots, known: new Set<CandidateId>(), asked: [] as CandidateId[], isDown: false };
  const profiles = createProfiles({
    judging: {
      profile: async (id) => Promise.resolve(state.known.has(id) ? waiting(id) : null),
      askProfile: async (id) => {
        state.asked.push(id);
        return state.isDown ? Promise.reject(new Error('full')) : Promise.resolve(waiting(id));
      },
    },
    slots: () => state.slots,
    log: pino({ level: 'silent' }),
    now: () => state.ms,
  });
  /** Questions are on their way for some turns of the event loop. */
  const asked = async (): Promise<readonly CandidateId[]> => {
    await new Promise(setImmediate);
    return state.asked;
  };
  const best = (n: number, of = 'softmax', device = 'H100') => profiles.onBest({ of, device, candidateId: idOf(n) });
  return { profiles, state, asked, best };
};

describe('profiles that campaigns ask for', () => {
  test('are of a new best at once, and of the newest of each target when the next turn comes', async () => {
    const { state, asked, best, profiles } = rig();
    best(1);
    best(2);
    best(3);
    best(4, 'rmsnorm');
    expect(await asked()).toEqual([idOf(1)]);
    state.ms = pauseMs(8) - 1;
    profiles.look();
    expect(await asked()).toEqual([idOf(1)]);
    state.ms += 1;
    profiles.look();
    expect(await asked()).toEqual([idOf(1), idOf(3)]);
    state.ms += pauseMs(8);
    profiles.look();
    expect(await asked()).toEqual([idOf(1), idOf(3), idOf(4)]);
  });

  test('are of parents where no best waits, one at a time, and of none twice', async () => {
    const { state, asked, best, profiles } = rig();
    for (let round = 0; round < 4; round++) {
      profiles.onParents('H100', [idOf(1), idOf(2)]);
      if (round === 0) best(3);
      state.ms += pauseMs(8);
    }
    expect(await asked()).toEqual([idOf(1), idOf(3), idOf(2)]);
  });

  test('take no more than a twentieth of the devices of a class, and are at least a minute apart', () => {
    expect(pauseMs(1)).toBe(90_000);
    expect(pauseMs(2)).toBe(60_000);
    expect(pauseMs(64)).toBe(60_000);
  });

  test('leave the turn to others where one is there already, and not where asking failed', async () => {
    const { state, asked, profiles } = rig();
    state.known.add(idOf(1));
    profiles.onParents('H100', [idOf(1)]);
    expect(await asked()).toEqual([]);
    state.isDown = true;
    profiles.onParents('H100', [idOf(2)]);
    expect(await asked()).toEqual([idOf(2)]);
    profiles.onParents('H100', [idOf(3)]);
    expect(await asked()).toEqual([idOf(2)]);
  });

  test('are not asked for on the development device, nor while no device takes work', async () => {
    const { state, asked, best, profiles } = rig(0);
    best(1, 'softmax', 'cpu');
    best(2);
    profiles.onParents('H100', [idOf(3)]);
    expect(await asked()).toEqual([]);
    state.slots = 1;
    profiles.look();
    expect(await asked()).toEqual([idOf(2)]);
  });

  test('of each device class have turns of their own', async () => {
    const { asked, best } = rig();
    best(1);
    best(2, 'softmax on A100', 'A100');
    expect(await asked()).toEqual([idOf(1), idOf(2)]);
  });
});
