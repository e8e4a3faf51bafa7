/** Words of a source stand on the grounds of a difference too: each pair has the contrast that WCAG asks of text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const CONTRAST_LEAST = 4.5;
const STYLES = join(import.meta.dirname, '../../../src/dashboard/browser/styles');
const parts = readFileSync(join(STYLES, '2-parts.css'), 'utf8');
const themes = readFileSync(join(STYLES, '0-tokens.css'), 'utf8')
  .split(/(?=--ground:)/u)
  .slice(1)
  .map(
    (text) => new Map([...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/gu)].map(([, name, value]) => [name ?? '', value ?? ''])),
  );

const namesIn = (pattern: RegExp): readonly string[] => [...new Set([...parts.matchAll(pattern)].map(([, name]) => name ?? ''))];
const WORDS = namesIn(/\.t-[a-z]+ \{ color: var\(--([\w-]+)\)/gu);
const GROUNDS = ['sunken', ...namesIn(/\.line\.(?:added|removed|target) \{ background: var\(--([\w-]+)\)/gu)];

const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

describe.each(themes.map((colours, n) => [n, colours] as const))('theme %i', (_n, colours) => {
  test.each(WORDS.flatMap((word) => GROUNDS.map((ground) => [word, ground] as const)))('%s can be read on %s', (word, ground) => {
    expect(contrast(colours.get(word) ?? '', colours.get(ground) ?? '')).toBeGreaterThanOrEqual(CONTRAST_LEAST);
  });
});

test('there are words, grounds and themes', () => {
  expect([WORDS.length >= 6, GROUNDS.length, themes.length >= 2]).toEqual([true, 4, true]);
});
