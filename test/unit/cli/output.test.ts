import fc from 'fast-check';
import { jsonText } from '../../../src/cli/context.ts';
import { describe, expect, test } from 'vitest';
import type { Score } from '../../../src/domain/ranking/ranking.ts';
import { rankedScoreText, reasonText, WHOLE } from '../../../src/domain/text/describe.ts';
import { measuredText } from '../../../src/cli/commands/show.ts';
import { logLine } from '../../../src/cli/output/log-line.ts';
import { plainLine, plainText } from '../../../src/platform/printable-text.ts';
import { barLine, createProgress } from '../../../src/cli/output/progress.ts';
import { fields, table } from '../../../src/cli/output/table.ts';

describe('how a case was measured', () => {
  const statistics = {
    runs: 40,
    batch: 1,
    medianNs: 61_000,
    trimmedMeanNs: 62_000,
    minNs: 60_000,
    p95Ns: 71_000,
    ciLowNs: 60_900,
    ciHighNs: 61_100,
  };
  const timing = {
    case: 'a',
    candidate: statistics,
    baseline: statistics,
    method: 'paired' as const,
    speedup: 1,
    speedupLow: 1,
    speedupHigh: 1,
  };

  test('says new inputs, contradictions and two humps where there are any, and nothing else otherwise', () => {
    expect(measuredText(timing)).toBe('paired');
    expect(measuredText({ ...timing, inputs: 'sampled' })).toBe('paired');
    const humps = { lowNs: 61_000, highNs: 70_000, lowShare: 0.75 };
    expect(measuredText({ ...timing, inputs: 'fresh', unsteady: true, candidate: { ...statistics, humps } })).toBe(
      'paired, fresh inputs; speed-up and times contradict each other; two humps: 61.0 µs in 75 % of the runs, else 70.0 µs',
    );
  });
});

describe('plain text', () => {
  test('drops escape sequences, control characters and marks that reorder text, and keeps lines', () => {
    expect(plainText('a\u001b[31mred\u001b[0m\tb\r\n\u0007c')).toBe('ared\tb\nc');
    expect(plainText('\u001b]0;title\u0007x\u001b]8;;http://e\u001b\\y')).toBe('xy');
    expect(plainText('safe\u202etxt.exe\u2066')).toBe('safetxt.exe');
  });

  test('never holds what a terminal would obey, whatever comes in', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\u001b', '[', ']', '3', 'm', '\u0007', '\u009b', '\r', '\n', 'é', '\u0000') }),
        (text) => {
          const codes = Array.from(plainText(text), (character) => character.codePointAt(0) ?? 0);
          expect(codes.filter((code) => code !== 9 && code !== 10 && (code < 32 || (code >= 127 && code <= 159)))).toEqual([]);
        },
      ),
    );
  });

  test('becomes one line of limited length', () => {
    expect(plainLine(' a\n  b\tc ')).toBe('a b c');
    expect(plainLine('x'.repeat(10), 4)).toBe('xxx…');
  });
});

describe('table', () => {
  test('aligns columns by characters on screen and trims line ends', () => {
    const text = table(
      [{ title: 'NAME' }, { title: 'TIME', align: 'right' }, { title: 'NOTE' }],
      [
        ['a', '73.0 µs', ''],
        ['longer', '1 ms', 'x'],
      ],
    );
    expect(text.split('\n')).toEqual(['NAME       TIME  NOTE', 'a       73.0 µs', 'longer     1 ms  x']);
  });

  test('makes cells safe, and is empty without rows', () => {
    expect(table([{ title: 'A' }], [['x\u001b[2Jy\nz']])).toBe('A\nxy z');
    expect(table([{ title: 'A' }], [])).toBe('');
  });

  const message = `no such thing ${'x'.repeat(300)} end`;
  const columns = [{ title: 'CANDIDATE' }, { title: 'TIME', align: 'right' as const }, { title: 'RESULT' }];
  const row = [`c-${'0'.repeat(32)}`, '73.0 µs', message];

  test('cuts nothing where no terminal is too narrow, such as in a pipe', () => {
    expect(table(columns, [row], Number.POSITIVE_INFINITY)).toContain(message);
    expect(table(columns, [row], 400)).toContain(message);
  });

  test('cuts the message to a narrow terminal, and neither ids nor numbers', () => {
    const lines = table(columns, [row, ['c-1', '1 ms', 'short']], 80).split('\n');
    expect(lines.map((line) => line.length <= 80)).toEqual([true, true, true]);
    expect(lines[1]).toMatch(/^c-0{32} {2}73\.0 µs {2}no such thing x+…$/);
    expect(lines[2]).toContain('short');
    expect(table(columns, [row], 20)).toContain('c-'.padEnd(34, '0'));
  });

  test('fields leaves out what is not known', () => {
    expect(
      fields([
        ['id', 'c-1'],
        ['why', null],
        ['status', 'done'],
      ]),
    ).toBe('id      c-1\nstatus  done');
  });
});

describe('a score in the order of the ranking', () => {
  const score: Score = {
    speedup: 1.5,
    speedupLow: 1.47,
    speedupHigh: 1.53,
    timeNs: 73_000,
    floorShare: 0.5,
    rankKey: 1.5,
    deviceModel: 'NVIDIA H100 80GB HBM3',
    confirmed: true,
    method: 'paired',
    judgements: 1,
    pair: null,
  };

  test('says what it ranks as only where a pair moved it', () => {
    expect(rankedScoreText(score)).toBe('1.50x [1.47, 1.53]  73.0 µs  50 % of the floor');
    expect(rankedScoreText({ ...score, rankKey: 1.8 })).toBe('1.50x [1.47, 1.53]  73.0 µs  50 % of the floor  ranks as 1.80x');
  });
});

describe('reasons', () => {
  test('are short where they stand beside others, and whole where there is room', () => {
    const outcome = { verdict: 'infra_failed' as const, message: 'y'.repeat(900) };
    expect(reasonText(outcome)).toMatch(/^y{199}…$/);
    expect(reasonText(outcome, WHOLE)).toBe(outcome.message);
  });

  test('a compile error shows its first error line, not the notes before it', () => {
    const log = 'In file included from x.c:1:\nx.c:2: note: here\nx.c:3:5: error: unknown type\u001b[0m name\nmore';
    expect(reasonText({ verdict: 'compile_error', log })).toBe('x.c:3:5: error: unknown type name');
    expect(reasonText({ verdict: 'compile_error', log: '' })).toBe('no message from the compiler');
  });

  test('a wrong answer shows where, what came and what should have', () => {
    const mismatch = { tensor: 'out', index: 6, expected: '1.5', actual: 'nan', mismatches: 1, elements: 7, relativeL2: 'nan' };
    expect(reasonText({ verdict: 'wrong_answer', case: 'small', stage: 'check', mismatch })).toBe(
      'case small: out[6] is nan, not 1.5 (1 of 7 elements; nan is what stands there until it is written: was it, and does the plan pass every argument in order?)',
    );
    expect(reasonText({ verdict: 'wrong_answer', case: 'small', stage: 'check', mismatch: { ...mismatch, actual: '2' } })).toBe(
      'case small: out[6] is 2, not 1.5 (1 of 7 elements)',
    );
  });

  test('a write out of bounds shows on which side, and how far away', () => {
    const outcome = { verdict: 'out_of_bounds', case: 'small', tensor: 'out', side: 'after', distanceBytes: 0 } as const;
    expect(reasonText(outcome)).toBe('case small: wrote outside out, right after its end');
    expect(reasonText({ ...outcome, side: 'before', distanceBytes: 8 })).toBe(
      'case small: wrote outside out, 8 bytes before its start',
    );
  });

  test('a timeout names its stage and limit', () => {
    expect(reasonText({ verdict: 'timed_out', stage: 'check', case: 'small', limitMs: 8000 })).toBe(
      'case small: no end of check in 8.00 s',
    );
  });
});

const written = (isTTY: boolean, lines: 'some' | 'none') => {
  const texts: string[] = [];
  const clock = { ms: 0 };
  const progress = createProgress({
    sink: { isTTY, columns: 60, write: (text) => texts.push(text) },
    total: 4,
    lines,
    now: () => clock.ms,
  });
  return { texts, clock, progress };
};

describe('progress', () => {
  test('redraws one line on a terminal, not more often than ten times a second, and removes it', () => {
    const { texts, clock, progress } = written(true, 'none');
    progress.update(1, 'a');
    progress.update(2, 'b');
    clock.ms = 100;
    progress.update(3, 'c');
    progress.end();
    expect(texts).toEqual([
      barLine({ done: 1, total: 4, text: 'a' }, 60),
      '\r\u001b[K',
      barLine({ done: 3, total: 4, text: 'c' }, 60),
      '\r\u001b[K',
    ]);
  });

  test('prints a line every few seconds elsewhere, and always the last', () => {
    const { texts, clock, progress } = written(false, 'some');
    progress.update(1, 'a');
    clock.ms = 2999;
    progress.update(2, 'b');
    clock.ms = 3000;
    progress.update(3, 'c');
    progress.update(4, 'd');
    progress.end();
    expect(texts).toEqual(['1/4  a\n', '3/4  c\n', '4/4  d\n']);
  });

  test('is silent elsewhere when nobody asked for lines', () => {
    const { texts, progress } = written(false, 'none');
    progress.update(4, 'd');
    progress.end();
    expect(texts).toEqual([]);
  });

  test('a bar never fills the width of the terminal', () => {
    expect(barLine({ done: 2, total: 4, text: 'x'.repeat(100) }, 40)).toHaveLength(39);
    expect(barLine({ done: 2, total: 4, text: 'y' }, 80)).toBe(`[${'#'.repeat(15)}${'.'.repeat(15)}] 2/4  y`);
  });
});

describe('a line of the log', () => {
  test('is told in words on a terminal, without what is always the same', () => {
    const entry = { level: 40, time: 0, pid: 1, hostname: 'vm', host: 'gone', devices: 2, msg: 'not \u001b[31mconnected' };
    expect(logLine(JSON.stringify(entry))).toMatch(/^\d\d:\d\d:\d\d warn not connected host=gone devices=2$/);
  });

  test('that is no JSON is passed on', () => {
    expect(logLine('Segmentation fault\n')).toBe('Segmentation fault');
  });
});

describe('JSON on a terminal', () => {
  test('is the same document, without characters that steer the terminal or turn text around', () => {
    const hostile = { name: 'a\u001b[31m\u009b31m\u202eb\u2066', 'k\u0085': ['\u007f'] };
    const text = jsonText(hostile);
    expect(JSON.parse(text)).toEqual(hostile);
    expect(text).toMatch(/^[\u0020-\u007e]*$/);
  });
});
