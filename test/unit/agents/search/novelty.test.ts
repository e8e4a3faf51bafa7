import { describe, expect, test } from 'vitest';
import { createArchive } from '../../../../src/agents/search/archive.ts';
import type { DraftContent } from '../../../../src/agents/search/entry.ts';
import { entryOf } from '../../../support/agents/entries.ts';

const plan = (text = 'params: {BLOCK: 64, VEC: 1}\nlaunch:\n  - {kernel: k, grid: [1], block: [BLOCK], args: [x]}\n') =>
  `/* kiln\n${text}*/\n`;
const body = '#define A 1\nextern "C" __global__ void k(float* x) { x[threadIdx.x * VEC] = A; }\n';
const draft = (source: string, change: Partial<DraftContent> = {}): DraftContent => ({
  language: 'cuda',
  source,
  params: {},
  ...change,
});
const known = (...drafts: readonly DraftContent[]) => {
  const archive = createArchive({ islands: 1, seed: 1 });
  drafts.forEach((item, i) => archive.add(entryOf(i + 1, item)));
  return archive;
};
const held = known(draft(plan() + body));

describe('a draft is not new', () => {
  test.each([
    ['the same', plan() + body],
    ['other comments', `${plan()}// why\n${body.replace('=', '/* not == */ =')}`],
    ['other white space', plan() + body.replaceAll(' ', '  ').replace('{ ', '{\n')],
    ['region marks around a part', `${plan()}// kiln: region all\n${body}// kiln: end all\n`],
    [
      'a plan written another way, with a space',
      `/* kiln\n# tuned\nspace: {BLOCK: [64, 32]}\nlaunch: [{kernel: k, args: [x], block: [BLOCK], grid: [1]}]\nparams: {VEC: 1, BLOCK: 64}\n*/${body}`,
    ],
  ])('with %s', (_what, source) => {
    expect(held.novelty(draft(source)).isNew).toBe(false);
  });

  test('with params that are the defaults anyway', () => {
    expect(held.novelty(draft(plan() + body, { params: { VEC: 1 } })).isNew).toBe(false);
  });

  test('as Python with blank lines and comments of its own', () => {
    const source = '"""kiln\nlaunch: [{kernel: k, args: [x]}]\n"""\ndef k(x):\n    y = x\n    return y\n';
    const archive = known(draft(source, { language: 'triton' }));
    const again = '# kiln\n# launch: [{kernel: k, args: [x]}]\n\ndef k(x):  # why\n\n    y = x\n\n    return y\n';
    expect(archive.novelty(draft(again, { language: 'triton' })).isNew).toBe(false);
    expect(archive.novelty(draft(source.replace('    return', 'return'), { language: 'triton' })).isNew).toBe(true);
  });
});

describe('a draft is new', () => {
  test.each([
    ['another param', draft(plan() + body, { params: { VEC: 2 } })],
    ['another launch', draft(plan().replace('grid: [1]', 'grid: [2]') + body)],
    ['another language', draft(plan() + body, { language: 'c' })],
    ['another string', draft(plan() + body.replace('"C"', '"D"'))],
    ['a directive that ends elsewhere', draft(plan() + body.replace('#define A 1\n', '#define A 1 '))],
  ])('with %s', (_what, content) => {
    expect(held.novelty(content)).toEqual({ isNew: true, of: null });
  });

  test('with another string that looks like a comment', () => {
    const other = `${plan('launch: [{kernel: z, args: [y]}]\n')}int q(void) { return puts("// not a comment"); }`;
    expect(known(draft(other)).novelty(draft(other.replace('not a comment', 'neither')))).toMatchObject({ isNew: true });
  });
});
