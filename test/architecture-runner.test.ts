import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const RUNNER = 'src/gpu/runner';
const ENTRY_LINES_MAX = 40;
const FILE_LINES_MAX = 400;
/**
 * Compressed, the runner travels to a host in one go; its length is what somebody must read before they run it as root. A tenth of
 * it keeps what people submit apart from the host: the walls around compilers (namespaces, Landlock, a filter of system calls) and the processes
 * behind them take 1,500 lines. Profiles take 700: none of them is on the way of a judgement. Whether a problem can tell right from wrong is asked
 * by a judge too. Some 350 tell whose time it was: who holds a lock, what was stopped.
 * Sampling every timed run and judging how steady its times are takes 600.
 * Hard inputs at timed shapes and the second clock take 250.
 */
const RUNNER_LINES_MAX = 15_350;
/** Counted apart: programs with host code (`programs/`), their recordings, which are read without trust, and the sandbox they run in. */
const PROGRAMS_LINES_MAX = 3000;
/** Only a child that compiles for Triton may import these. */
const FOREIGN_IN_CHILDREN = new Set(['torch', 'triton']);

/** Nobody reads a longer one at a glance. */
const FUNCTION_LINES_MAX = 40;
const LIST_LONG_FUNCTIONS = `
import ast, json, sys
functions = (ast.FunctionDef, ast.AsyncFunctionDef)
most, paths = int(sys.argv[1]), sys.argv[2:]
found = [(path, node) for path in paths for node in ast.walk(ast.parse(open(path, encoding="utf-8").read(), path)) if isinstance(node, functions)]
print(json.dumps([f"{path}: {node.name}" for path, node in found if node.end_lineno - node.lineno + 1 > most]))
`;

const LIST_IMPORTS = `
import ast, json, sys
found = []
for path in sys.argv[1:]:
    tree = ast.parse(open(path, encoding="utf-8").read(), path, feature_version=(3, 9))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [[path, alias.name.split(".")[0]] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append([path, (node.module or "").split(".")[0]])
print(json.dumps([pair for pair in found if pair[1] not in sys.stdlib_module_names]))
`;

const files = globSync(`${RUNNER}/**/*.py`).toSorted();
const linesOf = (file: string): number => readFileSync(file, 'utf8').split('\n').length;
const linesIn = (some: readonly string[]): number => some.reduce((total, file) => total + linesOf(file), 0);
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(files.length === 0)('the runner (skipped while there is none)', () => {
  test.skipIf(!hasPython)('parses as Python 3.9 and imports the standard library alone (skipped without python3)', () => {
    const { stdout, stderr, status } = spawnSync('python3', ['-c', LIST_IMPORTS, ...files], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const foreign = (JSON.parse(stdout) as [string, string][]).filter(
      ([file, name]) => name !== 'kiln_runner' && !(FOREIGN_IN_CHILDREN.has(name) && file.includes('triton')),
    );
    expect(foreign).toEqual([]);
  });

  test.skipIf(!hasPython)('has functions that can be read at a glance, as its tests have (skipped without python3)', () => {
    const python = [...files, ...globSync('{test/python,scripts}/**/*.py')];
    const { stdout, stderr, status } = spawnSync('python3', ['-c', LIST_LONG_FUNCTIONS, `${FUNCTION_LINES_MAX}`, ...python], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  test('starts from a file that can be read at a glance', () => {
    const entries = files.filter((file) => file.endsWith('__main__.py'));
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter((file) => linesOf(file) > ENTRY_LINES_MAX)).toEqual([]);
  });

  test('stays small', () => {
    expect(files.filter((file) => linesOf(file) > FILE_LINES_MAX)).toEqual([]);
    const ofPrograms = files.filter((file) => file.includes('/programs/'));
    expect(linesIn(files) - linesIn(ofPrograms)).toBeLessThanOrEqual(RUNNER_LINES_MAX);
    expect(linesIn(ofPrograms)).toBeLessThanOrEqual(PROGRAMS_LINES_MAX);
  });
});
