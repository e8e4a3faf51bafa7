/** GET /v1/problems/:name/ranking: one list per device model and class; neither models nor classes are ever compared. */
import type { RankingQuery, RankingView } from '../../domain/api/problems.ts';
import { type Device, deviceClassOf } from '../../domain/device.ts';
import { KilnError } from '../../domain/errors.ts';
import { peaksOf } from '../../domain/ranking/device-peaks.ts';
import { placed } from '../../domain/ranking/places.ts';
import type { AnswersSlice } from '../state.ts';
import { targetOf } from '../../problems/targets.ts';
import type { RankedProblem } from './problem-versions-view.ts';

const CPU_NOTE =
  'for development only: on the cpu device a candidate runs natively and could cheat its timer; nothing is held against a physical floor';
const NO_PEAKS_NOTE =
  'Kiln knows no peak rates of this model: nothing here is held against a physical floor, so an impossible time is not found out';

export interface RankingWish extends Partial<Omit<RankingQuery, 'limit'>> {
  readonly limit: number;
  /** A class that nobody has seen yet is no mistake: a campaign may wait for its hosts. */
  readonly mayBeUnknown?: boolean;
}

export const rankingView = async (
  state: Pick<AnswersSlice, 'store' | 'hosts'>,
  { name: problem, versions }: RankedProblem,
  { device, limit, submitter, language, sweep, class: ofClass = 'device', mayBeUnknown = false }: RankingWish,
): Promise<RankingView> => {
  const problemVersions = await versions();
  const entries = await state.store.ranking({ problem, problemVersions, class: ofClass, limit, submitter, language, sweep });
  const known = [...entries.map((entry) => ({ device: entry.device, model: entry.score.deviceModel })), ...fleetDevices(state)];
  const asked = device?.toLowerCase();
  const match = known.find((one) => one.device.toLowerCase() === asked || one.model.toLowerCase() === asked);
  const failed = { ...(await state.store.failures(problem, problemVersions, match?.device ?? device ?? null)) };
  if (device !== undefined && !mayBeUnknown && !match && Object.keys(failed).length === 0) throw unknownDevice(device, known);
  const chosen = entries.filter(
    (entry) => asked === undefined || entry.device.toLowerCase() === asked || entry.score.deviceModel.toLowerCase() === asked,
  );
  const models = [...Map.groupBy(chosen, (entry) => entry.score.deviceModel)].map(([deviceModel, list]) => ({
    deviceModel,
    device: list[0]?.device ?? '',
    note: noteOf(targetOf(list[0]?.device ?? ''), deviceModel),
    entries: placed(list.map(({ device: _device, ...entry }) => entry)),
  }));
  return { problem, versions: [...problemVersions], class: ofClass, models, failed };
};

interface Known {
  readonly device: string;
  readonly model: string;
}

const fleetDevices = ({ hosts }: Pick<AnswersSlice, 'hosts'>): readonly Known[] =>
  [...hosts.values()].flatMap(({ devices }) => devices.map((device) => ({ device: deviceClassOf(device), model: device.model })));

const unknownDevice = (device: string, known: readonly Known[]): KilnError => {
  const classes = [...new Set(known.map((one) => one.device))].toSorted();
  const there = classes.length === 0 ? 'no device has been seen yet' : `there are ${classes.join(', ')}`;
  return new KilnError('UNKNOWN_DEVICE', `query.device: no device class or model "${device}" is known here; ${there}`, {
    details: { field: 'query.device', classes },
  });
};

/** What whoever reads a ranking on this model has to know; null: nothing. */
export const noteOf = (kind: Device['kind'], model: string): string | null => {
  if (kind === 'cpu') return CPU_NOTE;
  return peaksOf({ kind, model }) ? null : NO_PEAKS_NOTE;
};
