import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingOptionals } from '../scripts/complete-lock.ts';

const written = globSync(
  [
    '{src,test,scripts,bench,docs,config,kernels}/**/*.{ts,py,md,yaml,yml,json,c,cu,sh}',
    '*.{md,json,yml,ts}',
    'kiln',
    'Dockerfile',
    '.ci/run',
    'scripts/{test,ensure-tools}',
    'bench/gpu/*',
  ],
  { exclude: (name) => name.includes('__pycache__') },
).filter((file) => !file.startsWith('test/architecture') && /\.|kiln$|Dockerfile|run$|test$|tools$|bundle$/u.test(file));

/** What would tie the repository to one machine or one registry, or speak of anything but Kiln. */
const FOREIGN: readonly (readonly [string, RegExp])[] = [
  ['a path of a workplace', /(?<![\w.])\/work\/|\/tmp\/(?:brief|n24|issues)|\.\.\/shared/u],
  ['the home of a person', /\/(?:home|Users)\/(?!kiln|me\b|you\b|USER)[a-z]+\//u],
  ['a registry host', /registry\.npmjs|registry\.yarnpkg|npm\.pkg\.github|deb\.debian\.org|pypi\.org/u],
];

describe('the repository', () => {
  test.each(FOREIGN)('holds nowhere %s', (_, pattern) => {
    expect(written.length).toBeGreaterThan(50);
    expect(written.filter((file) => pattern.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  test.each(globSync(['*.md', 'docs/**/*.md']))('%s links only to what is there', (file) => {
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]+)/gu)].map(([, link]) => link ?? '');
    expect(links.filter((link) => !existsSync(join(dirname(file), link)))).toEqual([]);
  });

  test('numbers each decision once', () => {
    const numbers = globSync('docs/adr/*.md').map((file) => basename(file).slice(0, 4));
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('has a lock that npm accepts on every platform (after an install: node scripts/complete-lock.ts)', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Parameters<typeof missingOptionals>[0];
    expect(missingOptionals(lock)).toEqual({});
  });

  test('builds no addon but the one for SSH', () => {
    const { allowScripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { allowScripts: Record<string, boolean> };
    expect(Object.keys(allowScripts).filter((name) => allowScripts[name])).toEqual(['ssh2']);
  });
});
