import { expect, test } from 'vitest';
import { newsIn } from '../../../../../src/agents/run/outcomes/journal-news.ts';
import type { JournalEvent } from '../../../../../src/domain/journal.ts';
import { idOf } from '../../../../support/agents/generations.ts';

const events = (...rows: readonly (readonly [type: JournalEvent['type'], candidate: number, data?: object])[]): JournalEvent[] =>
  rows.map(([type, candidate, data = {}], index) => ({
    sequence: index + 1,
    at: '2026-01-01T00:00:00.000Z',
    type,
    candidateId: candidate === 0 ? null : idOf(candidate),
    hostId: null,
    data: { ...data },
  }));

test('a verdict is a record where the next event says so, not where another one of the page does', () => {
  const device = { device: 'H100' };
  const page = events(
    ['candidate.done', 1, device],
    ['candidate.record', 1],
    ['candidate.reopened', 1],
    ['candidate.record', 2, { restored: true }],
    ['candidate.done', 1, device],
    ['candidate.done', 2, device],
    ['candidate.record', 2, { restored: true }],
  );
  expect(newsIn(page)).toEqual([
    { kind: 'done', candidateId: idOf(1), device: 'H100', isRecord: true },
    { kind: 'takenBack', candidateId: idOf(1) },
    { kind: 'done', candidateId: idOf(1), device: 'H100', isRecord: false },
    { kind: 'done', candidateId: idOf(2), device: 'H100', isRecord: false },
  ]);
});

test('what ended without a verdict and is queued again has none either; what is queued for the first time is no news', () => {
  const page = events(['candidate.queued', 1], ['candidate.queued_again', 2], ['daemon.started', 0]);
  expect(newsIn(page)).toEqual([{ kind: 'takenBack', candidateId: idOf(2) }]);
});
