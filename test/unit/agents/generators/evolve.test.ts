import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvolve } from '../../../../src/agents/generators/evolve.ts';
import type { Draft } from '../../../../src/domain/campaign/campaign.ts';
import type { GenerationContext } from '../../../../src/domain/campaign/generation-context.ts';
import { parseHeader } from '../../../../src/problems/parse-header.ts';
import { contextOf, exhibitOf } from '../../../support/agents/contexts.ts';

const evolve = createEvolve();
const plan = (params: string, more = '') =>
  `/* kiln\nparams: {${params}}\n${more}launch:\n  - {kernel: copy, grid: [1], block: [32], args: [x, y, n]}\n*/\n`;
const spaced = plan('A: 1, B: 8, C: float', 'space: {A: [1, 2, 3, 4], B: [8, 16, 32]}\n');

const answerOf = async (change: Partial<GenerationContext>) => evolve.next(contextOf(change), new AbortController().signal);
const draftOf = async (change: Partial<GenerationContext>): Promise<Draft> => {
  const answer = await answerOf(change);
  if (!answer.ok) throw new Error(answer.message);
  return answer.draft;
};
const drafts = async (change: Partial<GenerationContext>, count = 200): Promise<readonly Draft[]> =>
  Promise.all(Array.from({ length: count }, async (_, seed) => draftOf({ ...change, seed })));
const byText = (a: string | number, b: string | number): number => (String(a) < String(b) ? -1 : 1);
const tried = (a: number) => ({ idea: '', params: { A: a }, verdict: null, speedup: null, reason: 'known already' });
const valuesOf = (list: readonly Draft[], name: string) =>
  [...new Set(list.map(({ params }) => params[name] ?? ''))].toSorted(byText);

describe('params', () => {
  test('of a plan with a space move within it, and the others stay', async () => {
    const all = await drafts({ parents: [exhibitOf(spaced)] });
    expect(valuesOf(all, 'A')).toEqual([1, 2, 3, 4]);
    expect(valuesOf(all, 'B')).toEqual([16, 32, 8]);
    expect(valuesOf(all, 'C')).toEqual(['float']);
    for (const { params } of all) expect(params['A'] === 1 && params['B'] === 8).toBe(false);
  });

  test('of a plan without one are doubled, halved, counted by one or switched', async () => {
    const all = await drafts({ parents: [exhibitOf(plan('SIZE: 256, COUNT: 6, FLAG: 0, TYPE: float4'))] });
    expect(valuesOf(all, 'SIZE')).toEqual([128, 256, 512]);
    expect(valuesOf(all, 'COUNT')).toEqual([12, 3, 5, 6, 7]);
    expect(valuesOf(all, 'FLAG')).toEqual([0, 1]);
    expect(valuesOf(all, 'TYPE')).toEqual(['float4']);
  });

  test('that no plan could launch are not written', async () => {
    const source = plan('THREADS: 512, ROWS: 2').replace('block: [32]', 'block: [THREADS, ROWS]');
    const all = await drafts({ parents: [exhibitOf(source, {}, 'cuda')] });
    for (const { params } of all) expect(Number(params['THREADS']) * Number(params['ROWS'])).toBeLessThanOrEqual(1024);
  });

  test('that the conditions of the plan forbid are not written', async () => {
    const source = plan('A: 1, B: 1', 'space: {A: 1..4, B: 1..4}\nwhere: ["A * B <= 4"]\n');
    const all = await drafts({ parents: [exhibitOf(source)] });
    for (const { params } of all) expect(Number(params['A']) * Number(params['B'])).toBeLessThanOrEqual(4);
  });

  test('that were tried are not tried again, also when the last one is all that is left', async () => {
    const source = plan('A: 1', 'space: {A: [1, 2, 3]}\n');
    const all = await drafts({ parents: [exhibitOf(source)], attempts: [tried(2)] }, 50);
    expect(valuesOf(all, 'A')).toEqual([3]);
    const answer = await answerOf({ parents: [exhibitOf(source)], attempts: [tried(2), tried(3)] });
    expect(answer).toMatchObject({
      ok: false,
      failure: 'exhausted',
      message: expect.stringContaining('widen its "space"') as string,
    });
  });
});

const marked = (text: string, name = 'body') =>
  `${plan('')}// kiln: region ${name}\n${text}\n// kiln: end ${name}\nint rest = 64;\n`;
const bodies = async (text: string, language: 'c' | 'cuda' = 'cuda') => {
  const all = await drafts({ parents: [exhibitOf(marked(text), {}, language)] });
  return new Set(all.map(({ source }) => source.split('\n').slice(6, -3).join('\n')));
};

describe('marked regions', () => {
  test('have their unroll factors changed, each once', async () => {
    const factors = await bodies('#pragma unroll 4');
    expect([...factors].toSorted()).toEqual(['#pragma unroll', ...[1, 16, 2, 8].map((n) => `#pragma unroll ${n}`)]);
    expect(await bodies('#pragma GCC unroll 8', 'c')).toEqual(new Set([1, 2, 4, 16].map((n) => `#pragma GCC unroll ${n}`)));
  });

  test('have marked integers replaced by what their author names', async () => {
    expect(await bodies('int a = 3 /* kiln: 3 5 7 */;')).toEqual(new Set([5, 7].map((n) => `int a = ${n} /* kiln: 3 5 7 */;`)));
  });

  test('have powers of two doubled and halved, but no names, fractions, comments or other numbers', async () => {
    expect(await bodies('int a4 = 8; float f = 4.0f; // 16\n/* 32 */ int b = 7, c = 1;')).toEqual(
      new Set([4, 16].map((n) => `int a4 = ${n}; float f = 4.0f; // 16\n/* 32 */ int b = 7, c = 1;`)),
    );
  });

  test('of one name are exchanged between two parents', async () => {
    const [first, second] = ['int a = first();', 'int a = second();'].map((text) => exhibitOf(marked(text)));
    if (!first || !second) throw new Error('two parents');
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, async (_, seed) =>
        draftOf({ move: 'cross', parents: [{ ...first, source: `${first.source}//\n` }, second], seed }),
      ),
    );
    expect(all.some((end) => end.status === 'fulfilled' && end.value.source === `${second.source}//\n`)).toBe(true);
  });

  test.each([
    ['nested', '// kiln: region a\n// kiln: region b\nint x = 8;\n// kiln: end b\n// kiln: end a\n', 1],
    ['twice under one name', '// kiln: region a\nint x = 8;\n// kiln: end a\n// kiln: region a\nint x = 8;\n// kiln: end a\n', 0],
    ['without an end', '// kiln: region a\nint x = 8;\n', 0],
    ['ended by another name', '// kiln: region a\nint x = 8;\n// kiln: end b\n', 0],
    ['within a line', 'int x = 8; // kiln: region a\nint y = 8;\n// kiln: end a\n', 0],
  ])('that are %s mark what is clear and nothing else', async (_what, text, regions) => {
    const answer = await answerOf({ parents: [exhibitOf(plan('') + text, {}, 'cuda')] });
    expect(answer.ok).toBe(regions > 0);
  });
});

describe('two parents', () => {
  test('of one kind give each param from either', async () => {
    const parents = [exhibitOf(spaced, { A: 2, B: 8 }), exhibitOf(spaced, { A: 4, B: 32 })];
    const all = await drafts({ move: 'cross', parents });
    const joined = all.filter(({ note }) => note.startsWith('cross: of the second'));
    expect(joined.length).toBeGreaterThan(100);
    for (const { params } of joined) expect(['2,32', '4,8']).toContain(`${params['A']},${params['B']}`);
  });

  test('of two languages give a mutation of the first', async () => {
    const other = exhibitOf('"""kiln\nparams: {A: 9}\nlaunch: [{kernel: k, args: []}]\n"""\n', {}, 'triton');
    const all = await drafts({ move: 'cross', parents: [exhibitOf(spaced), other] }, 50);
    for (const { language, params } of all) expect([language, Number(params['A']) < 5]).toEqual(['c', true]);
  });
});

test('a failed candidate goes part of the way back to the one it came from', async () => {
  const parents = [exhibitOf(spaced, { A: 4, B: 32 }), exhibitOf(spaced, { A: 2, B: 8 })];
  const all = await drafts({ move: 'repair', parents, failure: { verdict: 'compile_error', message: 'no' } });
  expect(new Set(all.map(({ params }) => `${params['A']},${params['B']}`))).toEqual(new Set(['2,32', '4,8']));
});

test.each([
  ['no parent', {}, 'was given no parent'],
  ['a parent without a plan', { parents: [exhibitOf('int x;')] }, 'was given no parent'],
  ['a parent without params and regions', { parents: [exhibitOf(plan(''))] }, 'declare "params"'],
  [
    'a parent in a language that is not asked for',
    { parents: [exhibitOf(spaced)], languages: ['cuda'] as ['cuda'] },
    'no parent',
  ],
])('with %s it says what to do', async (_what, change, message) => {
  expect(await answerOf(change)).toMatchObject({
    ok: false,
    failure: 'exhausted',
    message: expect.stringContaining(message) as string,
  });
});

test('the same context gives the same draft, which reads, and is none of the parents', async () => {
  const values = fc.record({ A: fc.constantFrom(1, 2, 3, 4), B: fc.constantFrom(8, 16, 32) });
  const moves = fc.constantFrom('new' as const, 'improve' as const, 'cross' as const, 'repair' as const);
  await fc.assert(
    fc.asyncProperty(fc.tuple(values, values, moves, fc.nat()), async ([a, b, move, seed]) => {
      const change = { move, seed, parents: [exhibitOf(spaced, a), exhibitOf(spaced, b)] };
      const draft = await draftOf(change);
      expect(await draftOf(change)).toEqual(draft);
      expect(parseHeader(draft.source, draft.language).ok).toBe(true);
      for (const params of [a, b]) expect(draft.params).not.toEqual({ ...params, C: 'float' });
    }),
  );
});

test('a campaign that stopped gets no draft', async () => {
  expect(await evolve.next(contextOf({ parents: [exhibitOf(spaced)] }), AbortSignal.abort())).toMatchObject({
    failure: 'stopped',
  });
});
