import { describe, expect, test } from 'vitest';
import { readDiagnosis } from '../../../../src/agents/answers/read-diagnosis.ts';

const WHOLE = {
  bottleneck: 'memory-bandwidth',
  finding: '82 % of the peak',
  proposals: [{ tag: 'fusion', idea: 'one pass', why: 'half the bytes' }],
};

describe('a diagnosis', () => {
  test('is read as it was written', () => {
    expect(readDiagnosis(JSON.stringify(WHOLE), 3)).toEqual({ ok: true, diagnosis: WHOLE });
  });

  test('is found behind thoughts and within prose, with kinds that are on no list as unknown and other', () => {
    const text = `<think>{"proposals": []}</think>Here it is:\n\`\`\`json\n${JSON.stringify({
      ...WHOLE,
      bottleneck: 'DRAM',
      proposals: [{ tag: 'magic', idea: 'one\u001b[31m pass\n' }],
    })}\n\`\`\``;
    expect(readDiagnosis(text, 3)).toEqual({
      ok: true,
      diagnosis: { ...WHOLE, bottleneck: 'unknown', proposals: [{ tag: 'other', idea: 'one pass', why: '' }] },
    });
  });

  test('has no more proposals than were asked for, none without words, and none too long', () => {
    const proposals = ['', 'x'.repeat(5000), 'b', 'c'].map((idea) => ({ tag: 'tiling', idea }));
    const read = readDiagnosis(JSON.stringify({ ...WHOLE, proposals }), 2);
    expect(read.ok && read.diagnosis.proposals.map(({ idea }) => idea.length)).toEqual([160, 1]);
  });

  test.each([
    ['I would vectorise it.', 'no diagnosis was found'],
    [JSON.stringify({ ...WHOLE, proposals: [] }), 'proposes nothing'],
    [JSON.stringify({ ...WHOLE, proposals: [{ tag: 'fusion' }] }), 'needs an "idea"'],
  ])('is none where nothing is proposed: %s', (text, why) => {
    const read = readDiagnosis(text, 3);
    expect(read.ok ? '' : read.message).toContain(why);
  });
});
