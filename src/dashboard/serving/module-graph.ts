/**
 * Every file that the dashboard's entry reaches by imports, read once. What is not reached is not served: the graph is the list of what a
 * browser may ask for.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { withoutTypes } from './strip-types.ts';

const ROOT = join(import.meta.dirname, '../../..');
const ENTRY = 'src/dashboard/browser/app.ts';
/** Bare specifiers, and the file of the package that each stands for. */
const PACKAGES: Readonly<Record<string, string>> = {
  preact: 'node_modules/preact/dist/preact.mjs',
  'preact/hooks': 'node_modules/preact/hooks/dist/hooks.mjs',
  '@preact/signals': 'node_modules/@preact/signals/dist/signals.module.js',
  '@preact/signals-core': 'node_modules/@preact/signals-core/dist/signals-core.module.js',
  'diff/lib/diff/array.js': 'node_modules/diff/libesm/diff/array.js',
};
const IMPORT = /^\s*(?:import|export)\s[^'"]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bfrom"([^"]+)"/gmu;
const ON_DEMAND = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/gu;
const MODULES_MAX = 500;

export interface Import {
  /** As it is written: "./router.ts", "preact". */
  readonly specifier: string;
  readonly path: string;
}

export interface BrowserModule {
  /** "src/dashboard/browser/app.ts", "npm/preact/dist/preact.mjs". */
  readonly path: string;
  /** As it is written. */
  readonly source: string;
  /** Without types, line by line. */
  readonly code: string;
  /** What it needs at once. */
  readonly imports: readonly Import[];
  /** What it asks for when it is first shown. */
  readonly pages: readonly Import[];
}

export interface ModuleGraph {
  readonly entry: string;
  readonly modules: readonly BrowserModule[];
  /** Paths of what some module asks for on demand. */
  readonly onDemand: readonly string[];
}

/** Throws for an import that leads nowhere: a page that cannot load is a mistake of ours. */
export const readModuleGraph = (): ModuleGraph => {
  const modules = new Map<string, BrowserModule>();
  const waiting = [join(ROOT, ENTRY)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (modules.has(file)) continue;
    if (modules.size >= MODULES_MAX) throw new Error(`the dashboard has more than ${MODULES_MAX} modules`);
    const source = readFileSync(file, 'utf8');
    const code = codeOf(file, source);
    const found = (specifier: string): Import => {
      const target = resolved(specifier, file);
      waiting.push(target);
      return { specifier, path: pathOf(target) };
    };
    const imports = importsOf(code).map(found);
    const pages = [...code.matchAll(ON_DEMAND)].map(([, specifier = '']) => found(specifier));
    modules.set(file, { path: pathOf(file), source, code, imports, pages });
  }
  const sorted = [...modules.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { entry: ENTRY, modules: sorted, onDemand: [...new Set(sorted.flatMap(({ pages }) => pages.map(({ path }) => path)))] };
};

/** The modules that run before those of `paths` do, and these. */
export const neededBy = (graph: ModuleGraph, paths: readonly string[]): readonly BrowserModule[] => {
  const byPath = new Map(graph.modules.map((module) => [module.path, module]));
  const found = new Set<BrowserModule>();
  const waiting = [...paths];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const module = byPath.get(path);
    if (module === undefined) throw new Error(`the dashboard has no module ${path}`);
    if (found.has(module)) continue;
    found.add(module);
    waiting.push(...module.imports.map((one) => one.path));
  }
  return graph.modules.filter((module) => found.has(module));
};

/** A map that a package names is not served: a browser with open tools would ask for it in vain. */
const codeOf = (file: string, source: string): string =>
  file.endsWith('.ts') ? withoutTypes(source) : source.replaceAll(/^\/\/# sourceMappingURL=.*$/gmu, '');

const importsOf = (code: string): readonly string[] =>
  [...code.matchAll(IMPORT)].flatMap(([, from, bare, minified]) => from ?? bare ?? minified ?? []);

const resolved = (specifier: string, from: string): string => {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  const file = PACKAGES[specifier];
  if (file === undefined)
    throw new Error(`${pathOf(from)} imports "${specifier}", which no browser is given: add it to PACKAGES`);
  return join(ROOT, file);
};

const pathOf = (file: string): string =>
  relative(ROOT, file)
    .replaceAll(sep, '/')
    .replace(/^node_modules\//u, 'npm/');
