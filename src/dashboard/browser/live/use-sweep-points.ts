/** The points of a sweep as they are now. Only what may have changed is asked for: ten thousand points that are judged are read once. */
import { useRef } from 'preact/hooks';
import type { JournalEvent } from '../../../domain/journal.ts';
import { createPointList, type PointList } from '../../model/point-list.ts';
import { type Answer, ask } from './api.ts';
import { generation } from './events.ts';
import { type Asked, useAnswer } from './use-answer.ts';

export type Point = Answer<'/v1/sweeps/:id/points'>['points'][number];
type Sweep = Pick<Answer<'/v1/sweeps/:id'>, 'id' | 'problem' | 'device' | 'spec'>;

const PAUSE_MS = 3000;

/** Null: it is not known yet what sweep it is. */
export const useSweepPoints = (sweep: Sweep | null): Asked<readonly Point[]> => {
  const reader = useRef<Reader | null>(null);
  if (sweep !== null && reader.current?.id !== sweep.id) reader.current = createReader(sweep);
  return useAnswer(sweep === null ? null : `points ${sweep.id}`, async () => reader.current?.read() ?? [], {
    on: (event) => reader.current?.hear(event) ?? false,
    pauseMs: PAUSE_MS,
  });
};

interface Reader {
  readonly id: string;
  readonly read: () => Promise<readonly Point[]>;
  /** Whether the points may be others now. */
  readonly hear: (event: JournalEvent) => boolean;
}

const createReader = ({ id, problem, device, spec }: Sweep): Reader => {
  const list = createPointList<Point>(spec !== null);
  let connected = generation.value;
  return {
    id,
    read: async () => {
      // What was taken back while nobody listened is not told.
      if (connected !== generation.value) list.forget();
      connected = generation.value;
      await readPages(id, list);
      return list.all();
    },
    hear: ({ type, data }) => {
      if (type === 'candidate.done') return data['problem'] === problem && data['device'] === device;
      if (type === 'candidate.reopened') list.forget();
      return type === 'candidate.reopened' || (type === 'sweep.changed' && data['sweepId'] === id);
    },
  };
};

const readPages = async (id: string, list: PointList<Point>): Promise<void> => {
  for (let after: number | null = list.after(); after !== null; ) {
    const { points, next }: Answer<'/v1/sweeps/:id/points'> = await ask('GET', '/v1/sweeps/:id/points', {
      params: { id },
      query: { after },
    });
    list.take(points);
    after = next;
  }
};
