import { describe, expect, test } from 'vitest';
import { createProposals, type Diagnosed } from '../../../../src/agents/search/proposals.ts';
import type { Diagnosis } from '../../../../src/domain/campaign/diagnosis.ts';
import type { MemoryRow } from '../../../../src/domain/campaign/generation-context.ts';
import { idOf } from '../../../support/agents/generations.ts';

const diagnosis: Diagnosis = {
  bottleneck: 'memory-bandwidth',
  finding: 'it moves 80 % of the peak',
  proposals: [
    { tag: 'vectorisation', idea: 'load four floats at once', why: '' },
    { tag: 'tiling', idea: 'keep rows in registers', why: '' },
  ],
};
const diagnosed = (wish: Partial<Diagnosed> = {}): Diagnosed => ({
  number: 7,
  writer: 'claude',
  parents: [idOf(1)],
  move: 'improve',
  diagnosis,
  implementations: 2,
  refused: [],
  ...wish,
});
const row = (wish: Partial<MemoryRow>): MemoryRow => ({
  idea: 'vectorisation: load four floats at once',
  tries: 1,
  passed: 1,
  bestRatio: 1.2,
  bestSpeedup: 2,
  cases: [],
  failures: {},
  ...wish,
});

describe('proposals', () => {
  test('are given to who is to write them, each once before any is given twice, and no oftener than they are wanted', () => {
    const proposals = createProposals();
    proposals.add(diagnosed());
    expect(proposals.take('somebody')).toBeNull();
    const taken = Array.from({ length: 5 }, () => proposals.take('claude'));
    expect(taken.map((one) => one && [one.ref.index, one.shown.implementation])).toEqual([[0, 1], [1, 1], [0, 2], [1, 2], null]);
    expect(taken[0]).toMatchObject({
      ref: { of: 7, index: 0 },
      move: 'improve',
      parents: [idOf(1)],
      shown: { of: 2, tag: 'vectorisation' },
    });
  });

  test('are not given again after a restart where somebody was asked to write them', () => {
    const proposals = createProposals();
    proposals.add(diagnosed({ implementations: 1 }));
    proposals.add(diagnosed({ implementations: 1 }));
    proposals.onAsked({ of: 7, index: 0 });
    expect(proposals.take('claude')?.ref.index).toBe(1);
    expect(proposals.take('claude')).toBeNull();
    proposals.giveBack({ of: 7, index: 0 });
    expect(proposals.take('claude')?.ref.index).toBe(0);
  });

  test('end with their parent, and where nobody is to be paid for them', () => {
    const proposals = createProposals();
    proposals.add(diagnosed({ refused: [{ index: 0 }] }));
    expect(proposals.open()).toBe(1);
    proposals.forget(idOf(1));
    expect(proposals.open()).toBe(0);
  });

  test('are refused where the idea was proposed for the same parents, gained nothing or never passed', () => {
    const proposals = createProposals();
    const [idea] = diagnosis.proposals;
    if (!idea) throw new Error('the diagnosis proposes something');
    const refusal = (memory: readonly MemoryRow[]): string | null => proposals.refusalOf(idea, [idOf(1)], memory);
    expect(refusal([])).toBeNull();
    expect(refusal([row({ bestRatio: 1.2 })])).toBeNull();
    expect(refusal([row({ bestRatio: 1.005, tries: 3 })])).toBe('tried 3 times, and gained nothing');
    expect(refusal([row({ bestRatio: null, passed: 0, tries: 1 })])).toBeNull();
    expect(refusal([row({ bestRatio: null, passed: 0, tries: 2 })])).toBe('tried 2 times, and never passed');
    proposals.add(diagnosed());
    expect(refusal([])).toBe('proposed before for the same parents, by generation 7');
    expect(proposals.refusalOf(idea, [idOf(2)], [])).toBeNull();
  });
});
