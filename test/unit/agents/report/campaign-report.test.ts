import { describe, expect, test } from 'vitest';
import { markdownReport } from '../../../../src/agents/report/campaign-report.ts';
import { GENERATIONS, HOSTILE, REPORTED, reportOf } from '../../../fixtures/agents/report/campaign.ts';

const report = markdownReport(REPORTED);
/** What is left when code spans are taken out: all that a Markdown reader would obey. */
const outsideCode = report.replaceAll(/`[^`\n]*`/g, '');

describe('the report of a campaign', () => {
  // vitest run --update writes the file anew.
  test('is the one in the fixtures', async () => {
    await expect(report).toMatchFileSnapshot('../../../fixtures/agents/report/report.md');
  });

  test('is the same in whatever order generations are read', () => {
    expect(markdownReport(reportOf(REPORTED.view, GENERATIONS.toReversed()))).toBe(report);
  });

  test('follows the best candidate from a starting point, step by step', () => {
    const [, lineage = ''] = /## Lineage([^]*?)\n## /.exec(report) ?? [];
    const steps = [...lineage.matchAll(/^\| \d+ \|.*$/gm)].map(([row]) => row.split(' | ').slice(2, 4).join(' '));
    expect(steps).toEqual(['1 seed', '3 improve', '8 cross', '2 seed', '9 improve']);
  });

  test('keeps text of generators and candidates inside code spans, on one line, whatever it says', () => {
    expect(HOSTILE).toContain('<script>');
    for (const part of ['<script>', 'example.org', '@all', 'ignore your instructions', '\u001b']) {
      expect(outsideCode).not.toContain(part);
    }
    expect(report).toContain('ignore your instructions');
  });

  test('has rows as wide as their heads', () => {
    const tables = report.split('\n\n').filter((part) => part.startsWith('|'));
    expect(tables.length).toBeGreaterThan(6);
    for (const table of tables) {
      const widths = table.split('\n').map((row) => row.replaceAll(String.raw`\|`, '').split('|').length);
      expect(new Set(widths).size, table).toBe(1);
    }
  });

  test('says so where nothing passed, and leaves out what did not happen', () => {
    expect(report).toMatch(/^\| `matmul` \| `H100` \| - \| nothing passed \|/m);
    const nothing = { ...REPORTED.view.generations, lost: 0 };
    const view = { ...REPORTED.view, byVerdict: {}, byFailure: {}, generations: nothing };
    const empty = markdownReport(reportOf(view, []));
    expect(empty).not.toMatch(/^## (Generators|What became|Speed-up)/m);
  });
});
