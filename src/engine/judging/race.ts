/** What a candidate has to be able to reach on its device, for its judge to stop it early; nothing for those that are timed to the end. */
import type { Device } from '../../domain/device.ts';
import type { JudgeTask, Race } from '../../domain/protocol.ts';
import { type Racing, raceOf } from '../../domain/ranking/front.ts';
import { spreadVariance } from '../../domain/ranking/spread.ts';
import { floorsOn } from '../../problems/floors.ts';
import type { JudgeMode } from '../../scheduler/events.ts';
import type { ActiveCandidate } from '../active-candidates.ts';
import type { JudgingSlice } from '../state.ts';
import { rankingKeyOf } from './ranking-keys.ts';

export interface Raced {
  readonly candidate: Pick<ActiveCandidate, 'submission' | 'loaded' | 'effort' | 'byAnswers'>;
  readonly device: Device;
  readonly mode: JudgeMode;
}

export const raceFor = (
  state: Pick<JudgingSlice, 'fronts' | 'recordHolders'>,
  { candidate, device, mode }: Raced,
): Pick<JudgeTask, 'race'> => {
  const { places } = state.fronts;
  if (places === 0 || mode !== 'screen' || isInFull(candidate)) return {};
  const key = rankingKeyOf(candidate, device.model, 'device');
  const front = state.fronts.front(key);
  const floors = floorsOn(candidate.loaded.problem, device);
  const variance = spreadVariance(state.recordHolders.spread(key), 'screened', device.kind);
  const race = sameRace({ front, places, floors, variance });
  return race === null ? {} : { race };
};

/** A front stays as it is for many candidates. By the floors, of which every problem has its own on each device. */
const races = new WeakMap<Racing['floors'], { readonly racing: Racing; readonly race: Race | null }>();

const sameRace = (racing: Racing): Race | null => {
  const { front, places, floors, variance } = racing;
  const last = races.get(floors);
  if (last?.racing.front === front && last.racing.places === places && last.racing.variance === variance) return last.race;
  const race = raceOf(racing);
  races.set(floors, { racing, race });
  return race;
};

/**
 * Other trials are there to be compared with, and a problem's own baseline is what is compared with. Times to answers leave more open than what is decided so
 * early.
 */
const isInFull = ({ submission, loaded, effort, byAnswers }: Raced['candidate']): boolean => {
  const { trial, source } = submission.content;
  return byAnswers !== null || effort === 'full' || trial > 0 || loaded.baselines.has(source);
};
