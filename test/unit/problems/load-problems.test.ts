import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KilnError } from '../../../src/domain/errors.ts';
import { hashOf } from '../../../src/domain/ids.ts';
import { ProblemDefinition } from '../../../src/domain/protocol.ts';
import { problemText } from '../../../src/cli/commands/problems.ts';
import { definitionText } from '../../../src/domain/text/problem-definition.ts';
import { mutantsOf } from '../../../src/problems/mutants.ts';
import { loadProblem, loadProblems } from '../../../src/problems/load-problems.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/problems');
let root = '';
let folder = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-problems-'));
  folder = join(root, 'scale');
  cpSync(join(FIXTURES, 'scale'), folder, { recursive: true });
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Replaces text of a file; fails when there is nothing to replace. */
const edit = (file: string, from: string, to: string): void => {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`"${from}" is not in ${file}`);
  writeFileSync(path, text.replace(from, to));
};
const failure = (): KilnError => {
  try {
    loadProblems(root);
  } catch (error) {
    if (error instanceof KilnError) return error;
  }
  throw new Error('the folder was accepted');
};

describe('a problem folder that is right', () => {
  test('becomes a definition that judges accept, its key being the hash of the rest', () => {
    const definition = loadProblem(folder).definitionFor('gpu', 'sm_90a');
    expect(ProblemDefinition.parse(definition)).toEqual(definition);
    const { key, ...rest } = definition;
    expect(key).toBe(hashOf(rest));
    expect(definition.cases.map(({ name, kind }) => `${kind} ${name}`)).toEqual(['check one', 'check odd', 'bench 16M']);
    expect(definition.cases[1]?.tensors[0]).toMatchObject({ name: 'x', elements: 1003, role: 'in' });
    expect(definition.reference).toMatchObject({ language: 'cuda', architecture: 'sm_90a', params: { BLOCK: 256 } });
    expect(definition.cases[1]?.reference.launches[0]).toMatchObject({
      grid: [4, 1, 1],
      args: [{ name: 'x' }, { name: 'y' }, { dtype: 'f32', value: 2.5 }, { dtype: 'i32', value: 1003 }],
    });
  });

  test('tells judges, writers and people the tolerance that an output has for itself', () => {
    const own = { rtol: 0.5, atol: 0, relative_l2: 0.25 };
    edit('problem.yaml', 'shape: [n], role: out', `shape: [n], role: out, tolerance: ${JSON.stringify(own)}`);
    const loaded = loadProblem(folder);
    const definition = loaded.definitionFor('gpu', 'sm_90a');
    expect(ProblemDefinition.parse(definition)).toEqual(definition);
    expect(definition.tolerance.rtol).toBe(1e-6);
    expect(definition.cases.map(({ tensors }) => tensors.map(({ tolerance }) => tolerance))).toEqual(
      definition.cases.map(() => [undefined, own]),
    );
    expect(definitionText(loaded.problem, ['gpu'])).toContain('tolerance of its own: rtol 0.5, atol 0, relative_l2 0.25');
    expect(problemText(loaded)).toMatch(/tolerance of y +rtol 0.5/u);
    expect(JSON.stringify(mutantsOf(definition).wrong.find(({ name }) => name.startsWith('scaled'))?.unit)).toContain('y[i] * 6');
  });

  test('has outputs of which every index is right that leads to the same, one a row or several', () => {
    edit(
      'problem.yaml',
      'y: {dtype: f32, shape: [n], role: out}',
      'y: {dtype: i32, shape: [n], role: out, compare: {kind: indices, of: x}}',
    );
    const several = loadProblem(folder);
    const definition = several.definitionFor('gpu', 'sm_90a');
    expect(ProblemDefinition.parse(definition)).toEqual(definition);
    expect(definition.cases[1]?.tensors[1]?.compare).toEqual({
      kind: 'indices',
      of: 'x',
      length: 1003,
      each: 1003,
      distinct: true,
    });
    expect(definitionText(several.problem, ['gpu'])).toContain(
      "leads to the same element of x as the reference's, each once in a row",
    );
    edit('problem.yaml', 'shape: [n], role: in', 'shape: [n, 7], role: in');
    expect(loadProblem(folder).definitionFor('gpu', 'sm_90a').cases[1]?.tensors[1]?.compare).toMatchObject({
      length: 7,
      each: 1,
    });
  });

  test('has wrong versions in which one of several outputs alone is scaled', () => {
    edit(
      'problem.yaml',
      'scalars:',
      '  z: {dtype: f32, shape: [n], role: out, tolerance: {rtol: 0.1, atol: 0, relative_l2: 0.1}}\nscalars:',
    );
    const scaled = mutantsOf(loadProblem(folder).definitionFor('gpu', 'sm_90a')).wrong.filter(({ name }) =>
      name.includes('scaled'),
    );
    expect(scaled.map(({ name, plans }) => [name, plans['odd']?.launches.slice(1).map(({ args }) => args[0])])).toEqual([
      ['y scaled by 1 + 10 * tolerance', [{ kind: 'tensor', name: 'y' }]],
      ['z scaled by 1 + 10 * tolerance', [{ kind: 'tensor', name: 'z' }]],
    ]);
  });

  test('has the cpu bench cases on the cpu and another key for each architecture', () => {
    const loaded = loadProblem(folder);
    expect(loaded.definitionFor('cpu', 'native').cases.at(-1)).toMatchObject({ name: '256K', kind: 'bench' });
    expect(loaded.definitionFor('gpu', 'sm_80').key).not.toBe(loaded.definitionFor('gpu', 'sm_90a').key);
    expect(loaded.definitionFor('gpu', 'sm_80')).toBe(loaded.definitionFor('gpu', 'sm_80'));
  });

  test('keeps its candidates to vary beside it, which change nothing of what is judged', () => {
    const before = loadProblem(folder);
    mkdirSync(join(folder, 'evolve'));
    writeFileSync(join(folder, 'evolve', 'start.cu'), 'anything');
    const after = loadProblem(folder);
    expect(after.files['evolve/start.cu']).toBe('anything');
    expect(after.contentHash('gpu')).toBe(before.contentHash('gpu'));
    expect(after.definitionFor('gpu', 'sm_90a').key).toBe(before.definitionFor('gpu', 'sm_90a').key);
  });

  test('has the files that are code, whatever others are called', () => {
    const { files } = loadProblem(folder);
    for (const name of ['notes.constructor', 'toString']) writeFileSync(join(folder, name), '');
    expect(loadProblem(folder).files).toEqual(files);
  });

  test('puts what several of its sources share where they include it, and judges by that', () => {
    const before = loadProblem(folder);
    mkdirSync(join(folder, 'include/deep'), { recursive: true });
    writeFileSync(join(folder, 'include/scaling.h'), '#include "deep/factor.h"\n#define SCALED(x) ((x) * FACTOR)\n');
    writeFileSync(join(folder, 'include/deep/factor.h'), '#define FACTOR factor\n');
    edit('reference.c', 'void scale', '#include "scaling.h"\nvoid scale');
    const { files, contentHash } = loadProblem(folder);
    expect(Object.keys(files)).toEqual(Object.keys(before.files));
    expect(files['reference.c']).toContain('#line 1 "factor.h"\n#define FACTOR factor\n');
    expect(files['reference.c']).not.toContain('#include');
    expect(files['reference.cu']).toBe(before.files['reference.cu']);
    expect(contentHash('gpu')).toBe(before.contentHash('gpu'));
    writeFileSync(join(folder, 'include/deep/factor.h'), '#define FACTOR (factor)\n');
    expect(loadProblem(folder).contentHash('cpu')).not.toBe(contentHash('cpu'));
  });

  test('names the targets it has when asked for another', () => {
    edit('problem.yaml', 'cpu: {reference: reference.c, baseline: reference.c}', '');
    const loaded = loadProblem(folder);
    expect(loaded.targets).toEqual(['gpu']);
    expect(() => loaded.definitionFor('cpu', 'native')).toThrow(/cannot be judged on a cpu device, only on: gpu/);
  });
});

describe('the content hash', () => {
  test.each([
    ['the reference changes', 'reference.cu', 'x[i] * factor', 'factor * x[i]'],
    ['the tolerance changes', 'problem.yaml', 'rtol: 1.0e-6', 'rtol: 1.0e-5'],
    [
      'the tolerance of one output changes',
      'problem.yaml',
      'shape: [n], role: out',
      'shape: [n], role: out, tolerance: {rtol: 0, atol: 0, relative_l2: 1}',
    ],
    ['a shape changes', 'problem.yaml', 'n: 1003', 'n: 1005'],
    ['the floor changes', 'problem.yaml', 'read_bytes: 4*n', 'read_bytes: 2*n'],
    ['a distribution changes', 'problem.yaml', 'high: 1}', 'high: 2}'],
    ['the bounds of hidden shapes change', 'problem.yaml', 'bench:', 'hidden: {n: {min: 1, max: 9}}\nbench:'],
  ])('changes when %s', (_what, ...change) => {
    const before = loadProblem(folder).contentHash('gpu');
    edit(...change);
    expect(loadProblem(folder).contentHash('gpu')).not.toBe(before);
  });

  test.each([
    ['the title changes', 'problem.yaml', 'Scale a vector', 'Scaling'],
    ['only the other target changes', 'reference.c', 'x[i] * factor', 'factor * x[i]'],
  ])('stays when %s', (_what, ...change) => {
    const before = loadProblem(folder).contentHash('gpu');
    edit(...change);
    expect(loadProblem(folder).contentHash('gpu')).toBe(before);
  });
});

describe('a problem folder that is wrong stops the start and names the file and field:', () => {
  test.each<[string, RegExp, string, string, string]>([
    [
      'a misspelt key',
      /problem\.yaml: title: line \d+: is missing; line \d+: unknown field "titel"/,
      'problem.yaml',
      'title:',
      'titel:',
    ],
    [
      'a tolerance of an input',
      /problem\.yaml: tensors\.x\.tolerance: "x" is an input: only outputs have a tolerance/,
      'problem.yaml',
      'role: in,',
      'role: in, tolerance: {rtol: 0, atol: 0, relative_l2: 1},',
    ],
    ...(
      [
        [
          'an input',
          'role: in, distribution',
          'role: in, compare: {kind: indices, of: x}, distribution',
          'x',
          '"x" has the role in: only what is `out` alone is compared',
        ],
        [
          'floats',
          'shape: [n], role: out',
          'shape: [n], role: out, compare: {kind: indices, of: x}',
          'y',
          'indices are integers, not f32',
        ],
        [
          'a tolerance beside',
          'f32, shape: [n], role: out',
          'i32, shape: [n], role: out, tolerance: {rtol: 0, atol: 0, relative_l2: 1}, compare: {kind: indices, of: x}',
          'y',
          'an index is right or wrong: a tolerance beside it means nothing',
        ],
        [
          'what is not there',
          'f32, shape: [n], role: out',
          'i32, shape: [n], role: out, compare: {kind: indices, of: z}',
          'y',
          '"z" is no tensor with the role `in`',
        ],
        [
          'an output',
          'f32, shape: [n], role: out',
          'i32, shape: [n], role: out, compare: {kind: indices, of: y}',
          'y',
          '"y" is no tensor with the role `in`',
        ],
        [
          'another shape',
          'f32, shape: [n], role: out',
          'i32, shape: [n, 2, 2], role: out, compare: {kind: indices, of: x}',
          'y',
          '[1, 2, 2] holds no indices of the last axis of x, [1]',
        ],
        [
          'more than there are',
          'f32, shape: [n], role: out',
          'i32, shape: [n + 1], role: out, compare: {kind: indices, of: x}',
          'y',
          '2 indices of 1 elements of x cannot be distinct',
        ],
      ] as const
    ).map(([what, from, to, tensor, message]): [string, RegExp, string, string, string] => [
      `indices of ${what}`,
      new RegExp(`tensors\\.${tensor}\\.compare: ${message.replaceAll(/[[\]\\^$.|?*+()]/gu, '\\$&')}`, 'u'),
      'problem.yaml',
      from,
      to,
    ]),
    ['an unknown dtype', /tensors\.y\.dtype: line 7: /, 'problem.yaml', 'y: {dtype: f32', 'y: {dtype: f33'],
    ['broken YAML', /problem\.yaml: problem\.yaml: line \d+/, 'problem.yaml', 'variables: [n]', 'variables: [n'],
    ['another name than its folder', /name: "scales" is not the folder's name/, 'problem.yaml', 'name: scale', 'name: scales'],
    [
      'a shape over an unknown name',
      /check\[0\]\.tensors\.y\.shape\[0\]/,
      'problem.yaml',
      'shape: [n], role: out',
      'shape: [m], role: out',
    ],
    [
      'a case without a variable',
      /case odd|check\[1\]/,
      'problem.yaml',
      '{name: odd, shape: {n: 1003}}',
      '{name: odd, shape: {}}',
    ],
    ['a case with an unknown variable', /"m" is no variable/, 'problem.yaml', 'shape: {n: 1003}', 'shape: {n: 1, m: 2}'],
    [
      'a variable misspelt in a case',
      /check\[1\]\.shape\.n: the case gives no value for "n"/,
      'problem.yaml',
      'n: 1003',
      'm: 1003',
    ],
    [
      'a case without a variable that is called what every object has',
      /check\[0\]\.shape\.valueOf: the case gives no value for "valueOf"/,
      'problem.yaml',
      'variables: [n]',
      'variables: [n, valueOf]',
    ],
    [
      'no bounds of a variable that is called what every object has',
      /hidden\.valueOf: "valueOf" has no bounds/,
      'problem.yaml',
      'variables: [n]',
      'variables: [n, valueOf]\nhidden: {n: {min: 1, max: 9}}',
    ],
    ['a size beyond i32', /bench\.gpu\[0\]|case 16M/, 'problem.yaml', 'n: 16777216', 'n: 3000000000'],
    ['two cases of one name', /two cases are called "one"/, 'problem.yaml', 'name: odd', 'name: one'],
    ['one name for two things', /"n" names two things/, 'problem.yaml', 'factor: {', 'n: {'],
    ['a floor over an unknown name', /floor\.flops: .*unknown name "k"/, 'problem.yaml', 'flops: n', 'flops: k'],
    [
      'a reference that is not there',
      /gpu\.reference: .*no file "ref\.cu"/,
      'problem.yaml',
      'gpu: {reference: reference.cu',
      'gpu: {reference: ref.cu',
    ],
    ['no case to time', /bench\.gpu/, 'problem.yaml', '- {name: 16M, shape: {n: 16777216}}', ''],
    ['a reference without a plan', /reference\.header: no launch plan/, 'reference.c', '/* kiln', '/* oven'],
    [
      'a plan that does not resolve',
      /reference\.launch\[0\]\.grid\[0\]: case one: .*BLOK/,
      'reference.cu',
      'ceil_div(n, BLOCK)',
      'ceil_div(n, BLOK)',
    ],
  ])('%s', (_what, message, ...change) => {
    edit(...change);
    const error = failure();
    expect(error.code).toBe('INVALID_PROBLEM');
    expect(error.message).toContain(folder);
    expect(error.message).toMatch(message);
  });

  test('files that include each other', () => {
    mkdirSync(join(folder, 'include'));
    writeFileSync(join(folder, 'include/a.h'), '#include "b.h"\n');
    writeFileSync(join(folder, 'include/b.h'), '#include "a.h"\n');
    edit('reference.c', 'void scale', '#include "a.h"\nvoid scale');
    expect(failure().message).toContain('scale/reference.c: include: files.a.h: it includes itself: a.h, b.h, a.h');
  });

  test('no folder at all', () => {
    unlinkSync(join(folder, 'problem.yaml'));
    expect(failure().message).toContain('no folder in it holds a problem.yaml');
  });
});
