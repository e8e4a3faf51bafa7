import { describe, expect, test } from 'vitest';
import { buildPrompt } from '../../../../src/agents/prompt/build-prompt.ts';
import { targetsText } from '../../../../src/agents/prompt/targets-text.ts';
import type { Exhibit, GenerationContext } from '../../../../src/domain/campaign/generation-context.ts';
import { Problem } from '../../../../src/domain/problem.ts';
import { candidateId, exhibit, generationContext } from '../../../support/agents/generation-context.ts';
import { LIBRARY } from '../../../support/server/fake-problem.ts';

const timesOf = (ns: Readonly<Record<string, number>>): Exhibit['cases'] =>
  Object.entries(ns).map(([name, medianNs]) => ({ case: name, medianNs, baselineNs: 30_000, speedup: 30_000 / medianNs }));
const [RECORD, OWN] = [
  exhibit({ candidateId: candidateId(2), cases: timesOf({ small: 20_100, large: 40_000 }) }),
  exhibit({ candidateId: candidateId(1), cases: timesOf({ small: 25_200, large: 90_000 }) }),
];
const HEADROOM: GenerationContext['headroom'] = [{ case: 'small', floorNs: 12_300, bound: 'memory' }];
const context = (wish: Partial<GenerationContext> = {}): GenerationContext =>
  generationContext({ incumbent: RECORD, parents: [OWN], headroom: HEADROOM, ...wish });

describe('what an agent is to reach', () => {
  test('is told case by case: the floor where there is one, the baseline, the record, and what it starts from', () => {
    expect(targetsText(context())).toBe(
      [
        'Targets, case by case',
        '- small: floor 12.3 µs, baseline 30.0 µs, record 20.1 µs, you start from 25.2 µs',
        '- large: baseline 30.0 µs, record 40.0 µs, you start from 90.0 µs',
      ].join('\n'),
    );
    expect(buildPrompt(context()).task).toContain('Targets, case by case\n- small: floor 12.3 µs');
  });

  test('has what a library takes by its name, where the baseline is a program', () => {
    const { problem } = context();
    const reference = { file: 'reference.py', symbol: 'ref_kernel', style: 'custom_kernel' as const };
    const recorded = Problem.parse({ ...problem, gpu: { reference }, cpu: { reference } });
    expect(targetsText(context({ problem: recorded }))).toContain('- small: floor 12.3 µs, torch 30.0 µs, record 20.1 µs');
  });

  test('has what a library takes where it was measured, says of what, and otherwise why not', () => {
    const [, measured] = LIBRARY;
    const library = { ...measured, cases: [{ case: 'large', medianNs: 33_000 }] } as GenerationContext['library'];
    const told = targetsText(context({ library }));
    expect(told).toContain('- large: library 33.0 µs, baseline 30.0 µs, record 40.0 µs');
    expect(told).toMatch(/\nLibrary: torch 2\.11\.0, CUDA 13\.0, driver 580\.65$/u);
    const [missing = null] = LIBRARY;
    expect(targetsText(context({ library: missing }))).toMatch(/\nLibrary: no library time on NVIDIA A100.*: not measured yet/u);
    // Nothing has passed yet.
    expect(targetsText(context({ library, parents: [], incumbent: null, move: 'new' }))).toContain('- large: library 33.0 µs');
  });

  test('says so where it starts from the record', () => {
    expect(targetsText(context({ parents: [RECORD] }))).toContain(
      '- small: floor 12.3 µs, baseline 30.0 µs, you start from the record at 20.1 µs',
    );
  });

  test('is the record alone where nothing is started from, and of a repair what the failure was made from', () => {
    expect(targetsText(context({ parents: [], move: 'new' }))).toContain('- large: baseline 30.0 µs, record 40.0 µs');
    const failed = exhibit({ candidateId: candidateId(3), cases: [], speedup: null });
    expect(targetsText(context({ parents: [failed, OWN], move: 'repair' }))).toContain('you start from 25.2 µs');
    expect(targetsText(context({ parents: [failed], incumbent: null }))).toBeNull();
    expect(targetsText(context({ parents: [], incumbent: null }))).toBeNull();
  });
});
