import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
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
).filter((file) => /\.|kiln$|Dockerfile|run$|test$|tools$|bundle$/u.test(file));

/** First folders of absolute paths that may be written: of every system, of tool chains, of Kiln's API and pages, and a few that stand for some folder. */
const ROOT_FOLDERS = new Set(
  `bin dev etc home nix opt proc run sbin srv sys tmp usr var Users gnu docker system encrypted app v1 v2 docs images assets problems candidates campaigns shared sweeps data
   keys nonexistent nowhere path project scratch x`.split(/\s+/u),
);
const ABSOLUTE = /(?<=[\s"'`(=:,])\/([a-z][\w-]*)\/[\w.-]/giu;
const RELATIVE = /(?<![\w./])(?:\.\.\/)+[\w.-]+/gu;
const HOME = /\/(?:home|Users)\/(?!kiln|me\b|you\b|USER|of-the-tests)[a-z]+\b/u;
const REGISTRY = /(?:registry|npm\.pkg|deb|pypi)\.(?:npmjs|yarnpkg|github|debian|org)\b/u;

/** Inside the repository, in a folder or a file that is there. */
const isInside = (path: string): boolean => !path.startsWith('..') && existsSync(path.split('/')[0] ?? path);

/** What would tie the repository to one machine, one person or one registry. */
const FOREIGN: readonly (readonly [string, (text: string, file: string) => readonly string[]])[] = [
  [
    'a path of one machine (a folder that all have goes into the list above)',
    (text) => [...text.matchAll(ABSOLUTE)].flatMap(([path, folder = '']) => (ROOT_FOLDERS.has(folder) ? [] : [path])),
  ],
  [
    'a path that leaves it',
    (text, file) => [...text.matchAll(RELATIVE)].map(([path]) => path).filter((path) => !isInside(join(dirname(file), path))),
  ],
  ['the home of a person', (text) => HOME.exec(text) ?? []],
  ['a registry host', (text) => REGISTRY.exec(text) ?? []],
];

/** Numbers of a text that say how much: with a decimal point, or of at least three digits. */
const FIGURE = /(?<![\w.])[-+]?(?:\d+\.\d+|\d{3,})(?![\w.]*\w)/gu;
const figuresOf = (text: string): readonly string[] =>
  [...text.replaceAll(/\]\([^)]*\)/gu, ']').matchAll(FIGURE)].map(([figure]) => figure);

/** What they hold lies in no folder of src. */
const OUTSIDE_SRC = new Set(['bench', 'toolchain']);

describe('the tests', () => {
  test('share what they share in test/support alone', () => {
    const files = globSync('test/{unit,integration,e2e}/**/*.ts');
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => !/\.(?:test|conformance)\.ts$/u.test(file))).toEqual([]);
  });

  test('of a unit lie in the folder that mirrors its own', () => {
    const folders = new Set(globSync('test/unit/**/*.test.ts').map((file) => dirname(relative('test/unit', file))));
    const strangers = [...folders].filter(
      (folder) => !OUTSIDE_SRC.has(folder.split('/')[0] ?? '') && !existsSync(join('src', folder)),
    );
    expect(strangers).toEqual([]);
  });
});

describe('the repository', () => {
  test.each(FOREIGN)('holds nowhere %s', (_, foreignOf) => {
    expect(written.length).toBeGreaterThan(50);
    expect(written.flatMap((file) => foreignOf(readFileSync(file, 'utf8'), file).map((found) => `${file}: ${found}`))).toEqual(
      [],
    );
  });

  test('names no figure of performance that the report beside it does not hold', () => {
    const rows = readFileSync('docs/performance.md', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const report = /^\|.*\]\((results\/[^)]+)\) \|$/u.exec(line)?.[1];
        return report === undefined ? [] : [{ line, report }];
      });
    expect(rows.length).toBeGreaterThan(15);
    const missing = rows.flatMap(({ line, report }) => {
      const known = new Set(figuresOf(readFileSync(join('docs', report), 'utf8')));
      const named = figuresOf(line.split('|')[2] ?? '');
      return named.length === 0 ? [`${line}: no figure`] : named.filter((figure) => !known.has(figure));
    });
    expect(missing).toEqual([]);
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
