/**
 * Asks for profiles of what agents are about to better: each new best, and parents that come up. A profile takes a device from judging for
 * seconds, so that each device class gets few of them, and whoever thinks never waits for one: the next who is shown the candidate sees it.
 *
 * Invariant: between two questions for a device class lie at least `pauseMs` of its devices, whatever campaigns wish for.
 */
import type { Logger } from 'pino';
import type { DeviceClass } from '../../../domain/device.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';

/** Of the time of a class's devices. */
const DEVICE_SHARE_MAX = 0.05;
/** What ncu takes of a device, about. */
const PROFILE_MS = 4500;
const PAUSE_MS_MIN = 60_000;
/** Targets of all campaigns whose best waits for its turn: one each. */
const WISHES_MAX = 1024;
/** Candidates that are known to have a profile, or to have been asked for one. */
const ASKED_MAX = 10_000;

export interface Wish {
  /** One best is wished for at a time: a newer one takes the place of the one before. */
  readonly of: string;
  readonly device: DeviceClass;
  readonly candidateId: CandidateId;
}

export interface Profiles {
  onBest(wish: Wish): void;
  /** Asked for at once or not at all: others will come up. */
  onParents(device: DeviceClass, parents: readonly CandidateId[]): void;
  /** Asks for what waits and has its turn. To be called now and then. */
  look(): void;
}

export interface ProfilesDeps {
  readonly judging: Pick<Judging, 'profile' | 'askProfile'>;
  /** Devices of a class that take work. */
  readonly slots: (device: DeviceClass) => number;
  readonly log: Logger;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** Milliseconds from one profile to the next for a class of so many devices. */
export const pauseMs = (slots: number): number => Math.max(PAUSE_MS_MIN, PROFILE_MS / (DEVICE_SHARE_MAX * slots));

export const createProfiles = ({ judging, slots, log, now }: ProfilesDeps): Profiles => {
  const wishes = new Map<string, Wish>();
  const asked = new Set<CandidateId>();
  const lastMs = new Map<DeviceClass, number>();

  /** There is no profiler for the development device. */
  const isTurn = (device: DeviceClass): boolean => {
    const devices = slots(device);
    return device !== 'cpu' && devices > 0 && now() - (lastMs.get(device) ?? -Infinity) >= pauseMs(devices);
  };

  const ask = (device: DeviceClass, id: CandidateId): void => {
    const before = lastMs.get(device) ?? -Infinity;
    lastMs.set(device, now());
    asked.add(id);
    trim(asked, ASKED_MAX);
    void askOnce(id, () => lastMs.set(device, before)).catch((error: unknown) =>
      log.warn({ err: error, candidateId: id }, 'a profile could not be asked for; another candidate gets the turn'),
    );
  };

  const askOnce = async (id: CandidateId, onKnown: () => void): Promise<void> => {
    if ((await judging.profile(id)) === null) await judging.askProfile(id);
    else onKnown();
  };

  const look = (): void => {
    for (const [of, { device, candidateId }] of wishes) {
      if (asked.has(candidateId)) wishes.delete(of);
      else if (isTurn(device)) {
        wishes.delete(of);
        ask(device, candidateId);
      }
    }
  };

  return {
    look,
    onBest: (wish) => {
      if (wish.device === 'cpu' || asked.has(wish.candidateId)) return;
      wishes.delete(wish.of);
      wishes.set(wish.of, wish);
      for (const oldest of wishes.keys()) {
        if (wishes.size <= WISHES_MAX) break;
        wishes.delete(oldest);
      }
      look();
    },
    onParents: (device, parents) => {
      look();
      const next = parents.find((id) => !asked.has(id));
      if (next !== undefined && isTurn(device)) ask(device, next);
    },
  };
};

const trim = (ids: Set<CandidateId>, most: number): void => {
  for (const oldest of ids) {
    if (ids.size <= most) return;
    ids.delete(oldest);
  }
};
