import { describe, expect, test } from 'vitest';
import { CONTRACT } from '../../../../src/agents/context/contract.ts';
import { examplesFor } from '../../../../src/agents/context/examples.ts';
import { KilnError } from '../../../../src/domain/errors.ts';
import { evaluate } from '../../../../src/domain/plan/expression.ts';
import { recogniseProgram } from '../../../../src/domain/program-style.ts';
import { VERDICTS } from '../../../../src/domain/outcome.ts';
import { type Language, Launch, LaunchPlan } from '../../../../src/domain/plan/plan.ts';
import { DTYPE_BYTES } from '../../../../src/domain/plan/dtype.ts';
import { resolveCandidate } from '../../../../src/problems/resolve-candidate.ts';
import { parseHeader } from '../../../../src/problems/parse-header.ts';
import { contractFor } from '../../../../src/domain/text/contract-for.ts';
import { LANGUAGES_OF } from '../../../../src/problems/targets.ts';
import { problems } from '../../../support/agents/fake-judging.ts';

const viewOf = (name: string) => {
  const found = problems.get(name);
  if (!found) throw new KilnError('NOT_FOUND', `no problem ${name}`);
  return { problem: found.problem, readme: found.readme, files: { ...found.files } };
};
const block = /```c\n([\s\S]*?)```/.exec(CONTRACT)?.[1] ?? '';

describe('the contract that generators read', () => {
  test.each([
    ...Object.keys(LaunchPlan.shape),
    ...Object.keys(Launch.shape).map((field) => `launch[].${field}`),
    ...VERDICTS,
    ...Object.values(LANGUAGES_OF).flat(),
  ])('explains `%s`', (name) => {
    expect(CONTRACT).toContain(`\`${name}\``);
  });

  test.each(Object.keys(DTYPE_BYTES))('says what a pointer to %s is', (dtype) => {
    expect(CONTRACT).toContain(dtype);
  });

  test('names functions of expressions that there are', () => {
    for (const call of ['ceil_div(5, 2)', 'min(1, 2)', 'max(1, 2)', 'next_pow2(3)', 'log2(8)']) {
      expect(evaluate(call, {})).toBeGreaterThan(0);
      expect(CONTRACT).toContain(`\`${call.slice(0, call.indexOf('('))}(`);
    }
  });

  test('shows a candidate that resolves, with a space of its params', () => {
    const loaded = problems.get('vector_add');
    const header = parseHeader(block, 'cuda');
    expect(header).toMatchObject({ ok: true, plan: { space: { BLOCK: [128, 256, 512] } } });
    const content = { language: 'cuda', source: block, params: {} } as const;
    expect(loaded && resolveCandidate(loaded, { target: 'gpu', architecture: 'sm_90a', content })).toMatchObject({ ok: true });
  });
});

describe('the contract of some languages', () => {
  test('holds no mark, and nothing of the others', () => {
    const forC = contractFor(CONTRACT, ['c']);
    expect(forC).not.toContain('<!--');
    expect(forC).not.toMatch(/triton|__global__|NVRTC|launch\[\]\.grid/);
    expect(forC).toContain('is refused with its name');
    const forCuda = contractFor(CONTRACT, ['cuda']);
    expect(forCuda).toContain('launch[].grid');
    expect(forCuda).not.toMatch(/gcc|num_warps/);
    expect(contractFor(CONTRACT, null)).toContain('num_warps');
    expect(contractFor(CONTRACT, null)).not.toContain('<!--');
  });

  test('of programs holds no plan, and shows two files that are recognised', () => {
    const forPrograms = contractFor(CONTRACT, ['python']);
    expect(forPrograms).not.toMatch(/<!--|launch\[\]|num_warps|\*\*Expressions/);
    const shown = [...forPrograms.matchAll(/```python\n([\s\S]*?)```/g)].map(([, source = '']) => source);
    expect(shown.map((source) => recogniseProgram(source)?.symbol)).toEqual(['custom_kernel', 'custom_kernel']);
    expect(contractFor(CONTRACT, ['cuda', 'triton'])).not.toMatch(/custom_kernel|load_inline/);
  });

  test('shows one in C that resolves', () => {
    const source = /```C\n([\s\S]*?)```/.exec(CONTRACT)?.[1] ?? '';
    const loaded = problems.get('vector_add');
    const content = { language: 'c', source, params: {} } as const;
    expect(loaded && resolveCandidate(loaded, { target: 'cpu', architecture: 'native', content })).toMatchObject({ ok: true });
  });
});

describe('the examples', () => {
  test.each<[readonly Language[], readonly Language[]]>([
    [['cuda'], ['cuda', 'cuda']],
    [
      ['cuda', 'triton'],
      ['cuda', 'triton'],
    ],
    [['triton'], ['triton']],
    [['c'], ['c', 'c']],
  ])('of %j are %j', (languages, shown) => {
    const examples = examplesFor(languages, viewOf('matmul'), viewOf);
    expect(examples.map(({ language }) => language)).toEqual(shown);
    for (const { source, language } of examples) expect(parseHeader(source, language)).toMatchObject({ ok: true });
    expect(new Set(examples.map(({ source }) => source)).size).toBe(examples.length);
  });

  test("are the problem's own reference where the daemon has other problems", () => {
    const own = viewOf('matmul');
    expect(examplesFor(['cuda'], own, () => viewOf('none'))).toEqual([{ language: 'cuda', source: own.files['reference.cu'] }]);
  });
});
