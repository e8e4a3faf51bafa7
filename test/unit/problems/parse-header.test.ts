import { describe, expect, test } from 'vitest';
import { HEADER_BYTES_MAX, parseHeader } from '../../../src/problems/parse-header.ts';

const plan = 'launch:\n  - kernel: k\n    grid: [ceil_div(n, 256)]\n    args: [a]\n';
const cuda = (yaml: string): string => `/* kiln\n${yaml}*/\n__global__ void k() {}\n`;
const failure = (source: string, language: 'cuda' | 'c' | 'triton' = 'cuda') => {
  const result = parseHeader(source, language);
  if (result.ok) throw new Error('the header was accepted');
  return result;
};

test.each([
  ['cuda', cuda(plan)],
  ['triton', `"""kiln\n${plan}"""\n`],
  ['triton', `# kiln\n${plan.replaceAll(/^/gm, '# ')}\nx = 1\n`],
] as const)('a byte order mark before a plan of %s is passed over', (language, source) => {
  expect(parseHeader(`\uFEFF${source}`, language)).toEqual(parseHeader(source, language));
  expect(parseHeader(source, language).ok).toBe(true);
});

describe('a plan in a leading block comment', () => {
  test('is read with its defaults, a call in a list being one expression', () => {
    expect(parseHeader(cuda(`params: {BLOCK: 256, VEC: float4}\n${plan}`), 'cuda')).toEqual({
      ok: true,
      plan: {
        params: { BLOCK: 256, VEC: 'float4' },
        let: {},
        launch: [{ kernel: 'k', grid: ['ceil_div(n, 256)'], block: [1], shared: 0, args: ['a'] }],
        scratch: {},
      },
    });
  });

  test('keeps several expressions of one list apart, nested calls included', () => {
    const result = parseHeader(cuda('launch: [{kernel: k, grid: [min(n, max(m, 2)), 3, (n + 1) / 2], args: [a]}]\n'), 'cuda');
    expect(result.ok && result.plan.launch[0]?.grid).toEqual(['min(n, max(m, 2))', 3, '(n + 1) / 2']);
  });

  test.each([
    ['blank lines', `\n\n${cuda(plan)}`],
    ['line comments', `// Copyright\n// of someone\n${cuda(plan)}`],
    ['another block comment', `/* kilns are hot */\n${cuda(plan)}`],
    ['Windows line ends', cuda(plan).replaceAll('\n', '\r\n')],
    ['stars before each line', `/* kiln\n${plan.trimEnd().replaceAll(/^/gm, ' * ')}\n */\nint x;`],
  ])('is found after or with %s', (_what, source) => {
    expect(parseHeader(source, 'cuda')).toMatchObject({ ok: true, plan: { launch: [{ grid: ['ceil_div(n, 256)'] }] } });
  });

  test.each([
    ['an empty file', '', 'the file must start with'],
    ['code before it', `int x;\n${cuda(plan)}`, 'the file must start with'],
    ['no end', `\n/* kiln\n${plan}`, 'line 2: '],
    ['an empty plan', '/* kiln\n*/', 'must be a set of fields, not null'],
  ])('is missing with %s', (_what, source, message) => {
    const result = failure(source);
    expect(result.field).toBe('header');
    expect(result.message).toContain(message);
  });

  test('names the line of the file and the field of a wrong value', () => {
    const result = failure(`// one\n${cuda('launch:\n  - kernel: k\n    grid: [1]\n    args: [a]\n    blok: [2]\n')}`);
    expect(result).toMatchObject({ field: 'launch[0]' });
    expect(result.message).toMatch(/^line 4: .*blok/);
    expect(failure(cuda('lunch: []\n'))).toMatchObject({
      field: 'launch',
      message: 'line 2: is missing; line 2: unknown field "lunch"',
    });
    expect(failure(cuda('launch:\n  - kernel: "9k"\n    args: [a]\n'))).toMatchObject({
      field: 'launch[0].kernel',
      message: expect.stringContaining('line 3: ') as string,
    });
  });

  test('names the line of broken YAML and of a key given twice', () => {
    expect(failure(cuda('launch: [\n')).message).toMatch(/^line \d+: /);
    expect(failure(cuda(`${plan}launch: []\n`)).message).toMatch(/^line 6: .*unique/);
  });

  test('is refused with aliases, so that no small text becomes a large plan', () => {
    expect(failure(cuda(`params: &p {A: 1}\nscratch: *p\n${plan}`)).message).toMatch(/^line 3: aliases .*not allowed/);
  });

  test.each([
    ['thousands of brackets', '['.repeat(4000), 'nested deeper than 32'],
    ['thousands of maps', '{a: '.repeat(1000), 'nested deeper than 32'],
    ['thousands of nested lists', '- '.repeat(2000), 'line '],
    ['a very long line', 'a'.repeat(5000), 'longer than 4096'],
    ['thousands of lines', '\n'.repeat(2000), 'the limit is 1000'],
  ])('is refused with %s, without ending the daemon', (_what, text, message) => {
    const result = failure(cuda(`${text}\n`));
    expect(result).toMatchObject({ field: 'header', message: expect.stringContaining(message) as string });
  });

  test('is refused above its size limit', () => {
    expect(failure(cuda(`${'# x\n'.repeat(HEADER_BYTES_MAX)}${plan}`)).message).toContain(`the limit is ${HEADER_BYTES_MAX}`);
  });

  test('does not take the prototype of objects for params', () => {
    const result = parseHeader(cuda(`params: {__proto__: 4, constructor: 5}\n${plan}`), 'cuda');
    expect(result.ok ? Object.getPrototypeOf(result.plan.params) : Object.prototype).toBe(Object.prototype);
  });
});

const spaced = (space: string) => cuda(`params: {BLOCK: 256, TYPE: float4}\n${plan}space: ${space}\n`);

describe('the space of a plan', () => {
  test('is read, and need not hold the defaults', () => {
    const result = parseHeader(spaced('{BLOCK: [64, 128], TYPE: [float2, float]}'), 'cuda');
    expect(result.ok && result.plan.space).toEqual({ BLOCK: [64, 128], TYPE: ['float2', 'float'] });
  });

  test.each([
    ['a name that is no param', '{BLOK: [64]}', 'space.BLOK', '"params" declares no "BLOK"; declared are BLOCK, TYPE'],
    ['a name of every object', '{constructor: [64]}', 'space.constructor', '"params" declares no "constructor"'],
    ['an identifier for an integer', '{BLOCK: [64, float4]}', 'space.BLOCK', 'BLOCK is an integer by default, so "float4"'],
    ['an integer for an identifier', '{TYPE: [float, 4]}', 'space.TYPE', 'TYPE is a C identifier by default, so "4"'],
    ['a value twice', '{BLOCK: [64, 128, 64]}', 'space.BLOCK', '64 is there twice'],
    ['no values', '{BLOCK: []}', 'space.BLOCK', ''],
    ['an expression', '{BLOCK: [n * 2]}', 'space.BLOCK[0]', 'a param is an integer or a C identifier'],
    ['a fraction', '{BLOCK: [1.5]}', 'space.BLOCK[0]', ''],
  ])('is refused with %s, by field and line', (_what, space, field, message) => {
    const result = failure(spaced(space));
    expect(result.field).toBe(field);
    expect(result.message).toMatch(/^line \d+: /);
    expect(result.message).toContain(message);
  });
});

describe('a plan in a Triton file', () => {
  const body = 'import triton\n';
  test.each([
    ['a docstring', `"""kiln\n${plan}"""\n${body}`],
    ['a docstring after a shebang', `#!/usr/bin/env python3\n# a softmax\n\n'''kiln\n${plan}'''\n${body}`],
    ['comment lines', `# kiln\n${plan.trimEnd().replaceAll(/^/gm, '# ')}\n${body}`],
  ])('is read from %s', (_what, source) => {
    expect(parseHeader(source, 'triton')).toMatchObject({ ok: true, plan: { launch: [{ grid: ['ceil_div(n, 256)'] }] } });
  });

  test('names the line of the file in comment lines too', () => {
    expect(failure(`# x\n# kiln\n# launch:\n#   - kernel: k\n#     arg: [a]\n`, 'triton').message).toMatch(
      /^line \d: .*launch\[0\]/,
    );
  });

  test('is missing where code comes first or the docstring has no end', () => {
    expect(failure(`${body}"""kiln\n${plan}"""`, 'triton').message).toContain('must start with');
    expect(failure(`"""kiln\n${plan}`, 'triton').message).toContain('not closed');
  });
});

const wrong = (lead: string) => parseHeader(`${lead}/* kiln\nlaunch: none\n*/`, 'cuda');
const numbered = (number: number) => `/* kiln\nlaunch:\n  - {kernel: k${number}, grid: [1], block: [32], args: []}\n*/`;

test('a header that was read before is not read again, and equal text on another line is another header', () => {
  const source = '/* kiln\nlaunch:\n  - {kernel: again, grid: [1], block: [32], args: []}\n*/';
  const first = parseHeader(source, 'cuda');
  expect(first.ok && first.plan.launch[0]?.kernel).toBe('again');
  expect(parseHeader(`${source}\n// another body`, 'cuda')).toBe(first);
  expect(wrong('')).toMatchObject({ ok: false, message: expect.stringContaining('line 2') as unknown });
  expect(wrong('// one\n// two\n')).toMatchObject({ ok: false, message: expect.stringContaining('line 4') as unknown });
});

test('headers that were read long ago are forgotten', () => {
  const first = parseHeader(numbered(0), 'cuda');
  for (let number = 1; number <= 600; number += 1) parseHeader(numbered(number), 'cuda');
  expect(parseHeader(numbered(0), 'cuda')).toEqual(first);
  expect(parseHeader(numbered(0), 'cuda')).not.toBe(first);
});
