import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildRunnerArchive } from '../src/gpu/runner-archive.ts';

const RUNNER = 'src/gpu/runner';
const ENTRY_LINES_MAX = 40;
/** A file is read in one sitting, by whoever is asked to run this as root. Its total has no limit: what is needed is needed. */
const FILE_LINES_MAX = 400;
/** A first connection over a slow line (10 Mbit/s) waits less than half a second for it. */
const ARCHIVE_BYTES_MAX = 576 * 1024;
/** Only a child that compiles for Triton, or that a submitted program runs in, may import these. */
const FOREIGN_IN_CHILDREN = new Set(['torch', 'triton']);
const CHILDREN = /triton|programs\/extensions/u;

/** Nobody reads a longer one at a glance. */
const FUNCTION_LINES_MAX = 40;
const LIST_LONG_FUNCTIONS = `
import ast, json, sys
functions = (ast.FunctionDef, ast.AsyncFunctionDef)
most, paths = int(sys.argv[1]), sys.argv[2:]
found = [(path, node) for path in paths for node in ast.walk(ast.parse(open(path, encoding="utf-8").read(), path)) if isinstance(node, functions)]
print(json.dumps([f"{path}: {node.name}" for path, node in found if node.end_lineno - node.lineno + 1 > most]))
`;

/** Imports within functions and for types alone count too: two files that know each other are one file in two places. */
const LIST_CYCLES = `
import ast, json, os, sys
root, paths = sys.argv[1], sys.argv[2:]
names = {path: os.path.relpath(path, root)[:-3].replace(os.sep, ".") for path in paths}
known = set(names.values())

def imported(path):
    package = names[path].split(".")[:-1]
    for node in ast.walk(ast.parse(open(path, encoding="utf-8").read(), path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join(base + (node.module.split(".") if node.module else []))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)

edges = {names[path]: known.intersection(imported(path)) - {names[path]} for path in paths}

def way_back(start):
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop()
        for name in sorted(edges[way[-1]]):
            if name == start:
                return " -> ".join([*way, start])
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])

print(json.dumps([way for way in map(way_back, sorted(edges)) if way]))
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
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(files.length === 0)('the runner (skipped while there is none)', () => {
  test.skipIf(!hasPython)('parses as Python 3.9 and imports the standard library alone (skipped without python3)', () => {
    const { stdout, stderr, status } = spawnSync('python3', ['-c', LIST_IMPORTS, ...files], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const foreign = (JSON.parse(stdout) as [string, string][]).filter(
      ([file, name]) => name !== 'kiln_runner' && !(FOREIGN_IN_CHILDREN.has(name) && CHILDREN.test(file)),
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

  test.skipIf(!hasPython)('has no import cycle (skipped without python3)', () => {
    const { stdout, stderr, status } = spawnSync('python3', ['-c', LIST_CYCLES, RUNNER, ...files], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  test('starts from a file that can be read at a glance', () => {
    const entries = files.filter((file) => file.endsWith('__main__.py'));
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter((file) => linesOf(file) > ENTRY_LINES_MAX)).toEqual([]);
  });

  test('has files that can be read in one go', () => {
    expect(files.filter((file) => linesOf(file) > FILE_LINES_MAX)).toEqual([]);
  });

  test('is sent to a host at once', async () => {
    expect((await buildRunnerArchive()).bytes.length).toBeLessThanOrEqual(ARCHIVE_BYTES_MAX);
  });
});
