/**
 * Lints Python with ruff, which comes from npm as WebAssembly: node scripts/testing/python-lint.ts [FILE...]
 * (without files: all that is ours). Prints `path:line: RULE what is wrong` and exits with 1 if there is anything. The package has no configuration files and knows
 * no paths: all settings are here, and what holds for one file alone stands in that file (`# ruff: noqa: RULE -- why`).
 */
import { globSync, readFileSync } from 'node:fs';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';
import { z } from 'zod';

const OURS = '{src/gpu/runner,src/importers,scripts,test/python,bench,config}/**/*.py';

const SETTINGS = {
  'line-length': 150,
  // The oldest Python that the runner supports. A syntax that it cannot read is an error.
  'target-version': 'py39',
  lint: {
    select: [
      'F', // pyflakes: unused imports and names, undefined names (also in annotations)
      'E', // pycodestyle: errors, among them long lines (E501) and a bare `except` (E722)
      'W', // pycodestyle: spaces at the end of lines
      'B', // bugbear: defaults that can change (B006), lost causes (B904), loop variables in closures
      'I', // the order of imports
      'UP', // pyupgrade: syntax of Python 3.9
      'N', // names
      'C4', // needless calls of list, dict, set
      'PIE', // needless code
      'RUF', // ruff's own, among them `noqa` that silences nothing (RUF100)
      'ANN', // types of arguments and of what is returned
      'FA102', // `X | None` where Python 3.9 would evaluate it
      'C90', // complexity
      'PLR09', // branches, statements, arguments, returns of a function
    ],
    ignore: [
      'N818', // outcomes that are raised are named for what happened: Refusal, TimedOut
      'ANN401', // `Any` is what comes from JSON or ctypes; pyright says where it leaks
      'ANN002', // *args and **kwargs are passed on
      'ANN003',
    ],
    isort: { 'known-first-party': ['kiln_runner', 'test'] },
    // Names of libcuda, libnvrtc and unittest, where a class stands for them.
    'pep8-naming': { 'extend-ignore-names': ['cu[A-Z]*', 'nvrtc*', 'addSuccess', 'startTest', 'stopTest'] },
    mccabe: { 'max-complexity': 12 },
    pylint: { 'max-statements': 30, 'max-args': 8, 'max-positional-args': 8 },
  },
};

const Findings = z.array(
  z.object({ code: z.string().nullable(), message: z.string(), start_location: z.object({ row: z.number() }) }),
);

const findingsOf = (linter: Workspace, path: string): readonly string[] =>
  Findings.parse(linter.check(readFileSync(path, 'utf8')))
    .toSorted((a, b) => a.start_location.row - b.start_location.row)
    .map(({ code, message, start_location: at }) => `${path}:${at.row}: ${code ?? 'syntax'} ${message}`);

const lint = (paths: readonly string[]): number => {
  const linter = new Workspace(SETTINGS, PositionEncoding.Utf16);
  const findings = paths.flatMap((path) => findingsOf(linter, path));
  process.stdout.write(findings.map((finding) => `${finding}\n`).join(''));
  return findings.length === 0 ? 0 : 1;
};

process.exitCode = lint(process.argv.length > 2 ? process.argv.slice(2) : globSync(OURS));
