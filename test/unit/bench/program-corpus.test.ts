import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { corpusHeader } from '../../../bench/gpu/corpus-header.ts';
import { CORPUS, corpusEntry, programWork } from '../../../bench/gpu/program-work.ts';
import { VERDICTS } from '../../../src/domain/outcome.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../kernels'));
const files = readdirSync(CORPUS)
  .filter((name) => name.endsWith('.py'))
  .map((name) => ({ name, source: readFileSync(join(CORPUS, name), 'utf8') }));
const kindOf = (name: string): string => name.split('-')[0] ?? '';
/** What a host alone can come to: no verdict of ours. */
const OF_HOSTS = new Set(['infra_failed', 'cancelled', 'plan_error']);
const MAY_PASS: Readonly<Record<string, (expected: readonly string[]) => boolean>> = {
  honest: (expected) => expected.join(' ') === 'passed',
  wrong: (expected) => !expected.includes('passed'),
  attack: () => true,
};

describe('the corpus of programs', () => {
  test('has honest, wrong and hostile ones', () => {
    const counts = Object.groupBy(files, ({ name }) => kindOf(name));
    expect(Object.keys(counts).toSorted()).toEqual(['attack', 'honest', 'wrong']);
    expect(counts['honest']?.length).toBeGreaterThanOrEqual(40);
    expect(counts['wrong']?.length).toBeGreaterThanOrEqual(12);
    expect(counts['attack']?.length).toBeGreaterThanOrEqual(40);
  });

  test.each(files)('$name says what it is, for which problem, and which verdicts are right', ({ name, source }) => {
    const { problem, expected } = corpusHeader(source);
    const verdicts: readonly string[] = VERDICTS;
    expect(source).toMatch(/^# expect: /u);
    expect(problems.has(problem)).toBe(true);
    expect(expected.filter((one) => !verdicts.includes(one) || OF_HOSTS.has(one))).toEqual([]);
    expect(MAY_PASS[kindOf(name)]?.(expected)).toBe(true);
  });

  test.each(files.filter(({ name }) => kindOf(name) === 'attack'))('$name names an honest twin if it may pass', ({ source }) => {
    const { expected, twin } = corpusHeader(source);
    expect(expected.includes('passed')).toBe(twin !== null);
  });

  test.each(files.filter(({ source }) => corpusHeader(source).twin !== null))(
    '$name has a twin for the same problem that must pass',
    ({ source }) => {
      const { problem, twin } = corpusHeader(source);
      expect(corpusHeader(readFileSync(join(CORPUS, twin ?? ''), 'utf8'))).toMatchObject({ problem, expected: ['passed'] });
    },
  );

  test.each(files)('$name is taken for what it is', ({ name, source }) => {
    const entry = corpusEntry(name, source);
    const defined = { custom_kernel: 'custom_kernel', model: 'ModelNew', function: 'run', function_dps: 'run' };
    expect(entry).toEqual({ file: name, symbol: defined[entry.style], style: entry.style });
  });

  test('is all there in the work of a run', () => {
    const work = programWork({ device: 'any', kinds: ['corpus'], problems });
    expect(work.map(({ name }) => name).toSorted()).toEqual(files.map(({ name }) => name).toSorted());
  });
});
