import { describe, expect, test } from 'vitest';
import { programFaults, programReport, type JudgedProgram } from '../../../bench/gpu/program-report.ts';
import type { ProgramItem } from '../../../bench/gpu/program-work.ts';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { FinishedAttempt } from '../../../src/domain/attempt.ts';
import type { CandidateState } from '../../../src/domain/candidate.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';

const body = SubmitCandidate.parse({ problem: 'vector_add', device: 'any', language: 'cuda', source: 'x' });

const NOW = '2026-01-02T03:04:05.000Z';
const JUDGED = FinishedAttempt.parse({
  attemptId: `c-${'1'.repeat(32)}.1`,
  hostId: 'gpu-host',
  deviceId: 'GPU-1',
  deviceModel: 'NVIDIA H200',
  mode: 'screen',
  startedAt: NOW,
  finishedAt: NOW,
  verdict: 'passed',
  infra: null,
  timings: [],
  phases: null,
  telemetry: null,
});

const item = (name: string, expected: readonly string[], twin: string | null = null): ProgramItem => ({
  name,
  problem: 'vector_add',
  kind: 'corpus',
  expected,
  twin,
  body,
  beside: null,
});

/** `speedup` null: it did not pass. */
const judged = (of: ProgramItem, outcome: Outcome | null, speedup: number | null = null): JudgedProgram => {
  const state: CandidateState = outcome ? { status: 'done', outcome, finishedAt: NOW } : { status: 'queued' };
  const candidate = { state, attempts: speedup === null ? [] : [JUDGED], score: speedup === null ? null : score(speedup) };
  return { item: of, candidate, beside: null };
};

const crashed = (message: string): Outcome => ({ verdict: 'crashed', case: '', message });
const HONEST = judged(item('honest.py', ['passed']), passed(1), 1);
const faults = (judgedToo: readonly JudgedProgram[], leftBehind: readonly string[] = []) =>
  Object.fromEntries(
    Object.entries(programFaults({ judged: [HONEST, ...judgedToo], leftBehind })).filter(([, names]) => names.length > 0),
  );

describe('what must not be in a run of programs', () => {
  test('is nothing where each has a verdict that is right', () => {
    const attack = judged(item('attack.py', ['passed', 'contract'], 'honest.py'), passed(1), 1);
    expect(faults([attack, judged(item('wrong.py', ['crashed']), crashed('x'))])).toEqual({});
  });

  test('is a wrong one that is ranked, an honest one that is not, and one that is ahead of its twin', () => {
    expect(faults([judged(item('wrong.py', ['crashed']), passed(1), 1)])).toMatchObject({ 'ranked though wrong': ['wrong.py'] });
    expect(faults([judged(item('slow.py', ['passed']), crashed('x'))])).toMatchObject({ 'honest and rejected': ['slow.py'] });
    expect(faults([judged(item('attack.py', ['passed'], 'honest.py'), passed(2), 2)])).toEqual({
      'ahead of the honest twin': ['attack.py'],
    });
  });

  test('is a word of one that got at what is not its own, and what it left', () => {
    expect(faults([judged(item('attack.py', ['crashed']), crashed('RuntimeError: BREACH: /etc/shadow'))], ['/tmp/left'])).toEqual(
      {
        'got at what is not its own': ['attack.py'],
        'left behind on the host': ['/tmp/left'],
      },
    );
  });

  test('is one that the host is blamed for, and one that was not judged in time', () => {
    const blamed = judged(item('attack.py', ['contract']), { verdict: 'infra_failed', message: 'no host' });
    expect(faults([blamed])).toMatchObject({ 'blamed on the host': ['attack.py'] });
    expect(faults([judged(item('late.py', ['passed']), null)])).toMatchObject({ 'not judged in time': ['late.py'] });
  });
});

describe('the report of a run of programs', () => {
  test('counts those that were recorded, and gives the whole reason of what was not expected', () => {
    const words = `${'x'.repeat(1000)} in line 7`;
    const text = programReport({
      head: '# Programs',
      judged: [HONEST, judged(item('slow.py', ['passed']), crashed(words))],
      seconds: 4,
      leftBehind: [],
    });
    expect(text).toContain('1 of 2 programs have the verdict they should have; 1 were recorded.');
    expect(text).toContain('4 s, 0.50 programs/s.');
    expect(text).toContain(`### slow.py\n\ncrashed: `);
    expect(text).toContain('in line 7');
  });

  test('says no more than why where nothing was judged', () => {
    expect(programReport({ head: '# No GPU', judged: [], seconds: 0, leftBehind: [] })).toBe('# No GPU');
  });
});
