/** Sweeps in memory, over the candidates of a fake engine. What a store must do is in test/integration/store/sweeps.conformance.ts. */
import type { z } from 'zod';
import type { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import type { CandidateId, SweepId } from '../../../src/domain/ids.ts';
import type { SweepCounts, SweepStore, TrailPoint } from '../../../src/domain/ports/sweeps.ts';
import type { Candidate } from '../../../src/domain/candidate.ts';
import type { SweepResult, SweepRow } from '../../../src/domain/sweep/sweep.ts';
import type { FakeKiln } from './fake-kiln.ts';

const AT = '2026-01-02T03:04:05.000Z';

interface Row {
  number: number;
  point: number;
  candidateId: CandidateId | null;
  reported: number | null;
  deviceMs: number | null;
}
interface Kept {
  row: SweepRow;
  readonly candidate: z.output<typeof SubmitCandidate>;
  readonly points: Row[];
}

export const createMemorySweepStore = (kiln: FakeKiln): SweepStore => {
  const sweeps = new Map<SweepId, Kept>();
  const pointsOf = (id: SweepId): Row[] => sweeps.get(id)?.points ?? [];
  const recordOf = async (id: CandidateId | null): Promise<Candidate | null> =>
    id === null ? null : ((await kiln.sourced([id]))[0]?.candidate ?? null);
  const withRecords = async (id: SweepId): Promise<readonly { readonly row: Row; readonly record: Candidate }[]> => {
    const found = await Promise.all(pointsOf(id).map(async (row) => ({ row, record: await recordOf(row.candidateId) })));
    return found.flatMap(({ row, record }) => (record === null ? [] : [{ row, record }]));
  };
  const resultsOf = async (id: SweepId): Promise<readonly SweepResult[]> =>
    (await withRecords(id)).map(({ row, record }) => ({
      number: row.number,
      reported: row.reported,
      id: record.id,
      params: record.submission.params,
      status: record.state.status,
      verdict: verdictOf(record),
      speedup: record.score?.speedup ?? null,
      speedupLow: record.score?.speedupLow ?? null,
      speedupHigh: record.score?.speedupHigh ?? null,
      timeNs: record.score?.timeNs ?? null,
      stoppedEarly: false,
      finishedAt: record.state.status === 'done' ? record.state.finishedAt : null,
      deviceMs: row.deviceMs,
    }));
  const counts = async (id: SweepId): Promise<SweepCounts> => {
    const records = (await withRecords(id)).map(({ record }) => record);
    return {
      asked: pointsOf(id).length,
      byStatus: counted(records.map(({ state }) => state.status)),
      byVerdict: counted(records.flatMap((record) => verdictOf(record) ?? [])),
      gpuSeconds: pointsOf(id).reduce((sum, { deviceMs }) => sum + (deviceMs ?? 0), 0) / 1000,
    };
  };
  return {
    appendEvents: async () => undefined,
    createSweep: async ({ id, spec, candidate }) => {
      if (sweeps.has(id)) return;
      const { problem, device, submitter } = candidate;
      const state = { status: 'running' as const, reason: null, ranMs: 0 };
      sweeps.set(id, { row: { id, problem, device, submitter, createdAt: AT, spec, ...state }, candidate, points: [] });
      kiln.sweepIds.add(id);
      kiln.emit('sweep.created', null, { sweepId: id });
    },
    updateSweep: async (id, change) => {
      const kept = sweeps.get(id);
      if (kept) kept.row = { ...kept.row, ...change };
    },
    sweepRow: async (id) => sweeps.get(id)?.row ?? null,
    sweepCandidate: async (id) => sweeps.get(id)?.candidate ?? null,
    openSweeps: async () =>
      [...sweeps.values()].map(({ row }) => row).filter(({ status }) => status === 'running' || status === 'paused'),
    cancelledWithWork: async () => {
      const cancelled = [...sweeps.values()].flatMap(({ row }) => (row.status === 'cancelled' ? [row.id] : []));
      const unfinished = await Promise.all(
        cancelled.map(async (id) => (await withRecords(id)).some(({ record }) => record.state.status !== 'done')),
      );
      return cancelled.filter((_, index) => unfinished[index]);
    },
    askSweepPoints: async (id, asked) =>
      void pointsOf(id).push(...asked.map((one) => ({ ...one, candidateId: null, reported: null, deviceMs: null }))),
    linkSweepPoints: async (id, linked) => {
      for (const { number, candidateId } of linked) Object.assign(pointsOf(id)[number] ?? {}, { candidateId });
    },
    reportSweepPoints: async (id, reported) => {
      for (const { number, ...rest } of reported) Object.assign(pointsOf(id)[number] ?? {}, rest);
    },
    sweepTrail: async (id, { after, limit }) =>
      (await Promise.all(pointsOf(id).map(async (row): Promise<TrailPoint> => trailOf(row, await recordOf(row.candidateId)))))
        .filter(({ number }) => number > after)
        .slice(0, limit),
    sweepVerdicts: async (id, ids) =>
      (await withRecords(id)).flatMap(({ record }) => {
        const verdict = verdictOf(record);
        if (verdict === null || !ids.includes(record.id)) return [];
        return [{ candidateId: record.id, verdict, speedup: record.score?.rankKey ?? null, deviceMs: 10 }];
      }),
    unfinishedOfSweep: async (id) =>
      (await withRecords(id)).flatMap(({ record }) => (record.state.status === 'done' ? [] : [record.id])),
    sweepResults: async (id, { after, limit }) =>
      (await resultsOf(id))
        .filter(({ reported }) => reported !== null && reported > after)
        .toSorted((a, b) => (a.reported ?? 0) - (b.reported ?? 0))
        .slice(0, limit),
    sweepPoints: async (id, { after, limit }) =>
      (await resultsOf(id))
        .flatMap((point) => (point.id !== null && point.number > after ? [{ ...point, id: point.id }] : []))
        .slice(0, limit),
    sweepCounts: counts,
    sweepBest: async (id, limit) =>
      (await withRecords(id))
        .map(({ record }) => record)
        .filter(({ score }) => score !== null)
        .toSorted((a, b) => (b.score?.rankKey ?? 0) - (a.score?.rankKey ?? 0))
        .slice(0, limit),
    lastSweeps: async (limit) =>
      [...sweeps.values()]
        .toReversed()
        .slice(0, limit)
        .map(({ row }) => row),
    sweepTally: async (id) => {
      const { asked, byStatus, byVerdict, gpuSeconds } = await counts(id);
      const best = (await resultsOf(id)).reduce((most, { speedup }) => Math.max(most, speedup ?? 0), 0);
      const [done, passed] = [byStatus['done'] ?? 0, byVerdict['passed'] ?? 0];
      return { asked, done, passed, best: best === 0 ? null : best, gpuSeconds };
    },
  };
};

const verdictOf = ({ state }: Candidate) => (state.status === 'done' ? state.outcome.verdict : null);

const trailOf = (row: Row, record: Candidate | null): TrailPoint => ({
  ...row,
  verdict: record === null ? null : verdictOf(record),
  speedup: record?.score?.rankKey ?? null,
});

const counted = (values: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
};
