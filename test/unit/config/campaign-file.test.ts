import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseCampaignFile } from '../../../src/config/campaign-file.ts';

const EXAMPLE = 'config/campaign.example.yaml';
const MINIMAL = 'problems: [softmax]\nbudget: {candidates: 10}\n';
const parse = (text: string) => parseCampaignFile(text, 'c.yaml');

describe('a campaign file', () => {
  test('the example is one, and states the defaults', () => {
    const example = parseCampaignFile(readFileSync(EXAMPLE, 'utf8'), EXAMPLE);
    expect(example).toMatchObject({ problems: ['softmax', 'rmsnorm'], budget: { usd: 20, gpuMinutes: 30 } });
    const { name, problems, budget, generators, ...rest } = example;
    const { name: _n, problems: _p, budget: _b, generators: _g, ...defaults } = parse(MINIMAL);
    expect(rest).toEqual({ ...defaults, effort: 'racing' });
    expect([name, problems.length, Object.keys(budget).length, generators]).toEqual([
      'night run',
      2,
      4,
      [{ name: 'evolve', share: 1 }],
    ]);
  });

  test('names its starting points by file', () => {
    const { start } = parse(`${MINIMAL}start: {seeds: none, sources: [{problem: softmax, file: mine.cu, params: {BLOCK: 64}}]}`);
    expect(start).toEqual({
      seeds: 'none',
      ranked: 0,
      sources: [{ problem: 'softmax', file: 'mine.cu', params: { BLOCK: 64 } }],
    });
  });

  test.each([
    ['budget: {candidates: 1}', 'c.yaml:1:1: problems: must be a list of problems'],
    ['problems: [softmax]', 'budget: '],
    ['problems: [softmax]\nbudget: {}', 'c.yaml:2:1: budget: give at least one limit'],
    ['problems: [softmax]\nbudget: {usd: -1}', 'c.yaml:2:10: budget.usd: '],
    [`${MINIMAL}agents: 0`, 'c.yaml:3:1: agents: '],
    [`${MINIMAL}agent: 3`, 'c.yaml:3:1: agent: unknown field; known are name, problems'],
    [
      `${MINIMAL}start:\n  sources:\n    - {problem: softmax}`,
      'c.yaml:5:7: start.sources[0].file: must be the path of a candidate',
    ],
    [`${MINIMAL}languages: [fortran]`, 'c.yaml:3:13: languages[0]: '],
  ])('that says %j is refused with line and field', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
