import type { ArchiveEntry } from '../../../src/agents/search/entry.ts';
import { CandidateId } from '../../../src/domain/ids.ts';

export const idOf = (number: number): CandidateId => CandidateId.parse(`c-${number.toString(16).padStart(32, '0')}`);

/** A generation that passed, unless told otherwise; its candidate's id follows from its number. */
export const entryOf = (number: number, change: Partial<ArchiveEntry> = {}): ArchiveEntry => ({
  number,
  candidateId: idOf(number),
  language: 'cuda',
  source: `int x = ${number};`,
  params: {},
  idea: '',
  move: 'new',
  island: 0,
  parents: [],
  verdict: 'passed',
  speedup: 1,
  stoppedEarly: false,
  floorShare: null,
  failure: null,
  bound: 'memory',
  registers: 32,
  isVariable: true,
  ...change,
});

export const failedOf = (number: number, change: Partial<ArchiveEntry> = {}): ArchiveEntry =>
  entryOf(number, { verdict: 'compile_error', speedup: null, failure: 'line 3: expected ;', ...change });
