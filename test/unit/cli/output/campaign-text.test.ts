import { describe, expect, test } from 'vitest';
import { campaignText } from '../../../../src/cli/output/campaign-text.ts';
import { REPORTED } from '../../../fixtures/agents/report/campaign.ts';

const lineOf = (text: string, start: string): string => text.split('\n').find((line) => line.startsWith(start)) ?? '';
const cells = (line: string): readonly string[] => line.trim().split(/ {2,}/u);

describe('a campaign on a terminal', () => {
  const { earned: _earned, ...bare } = REPORTED.view;

  test('says what each generator earned with each move, and what an accepted improvement cost', () => {
    const text = campaignText(REPORTED.view);
    expect(cells(lineOf(text, 'improved'))).toEqual(['improved', '3 accepted of 9 asked, $0.0284 each, 2.00x together']);
    expect(cells(lineOf(text, 'GENERATOR'))).toContain('$/ACCEPTED');
    expect(cells(lineOf(text, 'claude     refine'))).toEqual(['claude', 'refine', '4', '1', '1', '1.40x', '$0.0700', '$0.0700']);
    expect(cells(lineOf(text, 'claude     new'))).toEqual(['claude', 'new', '2', '1', '0', '1.00x', '$0.0152', '-']);
  });

  test('says nothing of what nobody was asked or told', () => {
    expect(campaignText(bare)).not.toMatch(/^(?:improved|recalled|GENERATOR)/mu);
  });

  test('says what waits in batches', () => {
    const batches = [
      { generator: 'claude', id: null, questions: 1, state: 'collected' },
      { generator: 'claude', id: 'msgbatch_1', questions: 24, state: 'being answered' },
    ];
    expect(lineOf(campaignText({ ...bare, batches }), 'batches')).toMatch(
      / 1 question to claude \(collected\), 24 questions to claude \(msgbatch_1: being answered\)$/u,
    );
    expect(campaignText(bare)).not.toMatch(/^batches/mu);
  });

  test('says how many ideas of how many earlier campaigns it was told', () => {
    const recalled = { campaigns: 3, ideas: 14, elsewhere: 5 };
    expect(lineOf(campaignText({ ...bare, recalled }), 'recalled')).toMatch(
      /14 ideas of 3 earlier campaigns, 5 of other problems$/u,
    );
    expect(lineOf(campaignText({ ...bare, recalled: { campaigns: 0, ideas: 0, elsewhere: 1 } }), 'recalled')).toMatch(
      / 1 of other problems$/u,
    );
  });
});
