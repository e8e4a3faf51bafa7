/**
 * The modules of the dashboard as a browser is sent them: one file for what every page needs, and one for each page. A page of forty modules
 * would be forty questions, each of which waits for its turn on a machine that is busy; lines stay what they are, and a source map says whose.
 *
 * Each module becomes a function that is called once, when something first needs it. Only the forms of import and export that are in use are
 * read; whatever else there is throws when the daemon starts, not in somebody's browser.
 */
import { basename } from 'node:path';
import { type BrowserModule, type ModuleGraph, neededBy } from './module-graph.ts';
import { lineMap, type MappedLines } from './source-map.ts';

export interface LinkedFile {
  /** "app.js", "overview.js". */
  readonly path: string;
  readonly code: string;
  readonly map: string;
}

export interface LinkedModules {
  readonly entry: LinkedFile;
  /** Path of a page's module -> the file that brings it. */
  readonly pages: ReadonlyMap<string, LinkedFile>;
}

export const linkModules = (graph: ModuleGraph): LinkedModules => {
  const needed = neededBy(graph, [graph.entry]);
  const known = new Set(needed);
  const entry = fileNameOf(graph.entry);
  const files = new Map(graph.onDemand.map((path) => [path, fileNameOf(path)]));
  return {
    entry: linkedFile(graph, {
      path: entry,
      head: runtimeText(files),
      modules: inOrder(needed),
      tail: `$need('${graph.entry}');\n`,
    }),
    pages: new Map(
      [...files].map(([page, path]) => {
        const own = neededBy(graph, [page]).filter((module) => !known.has(module));
        return [
          page,
          linkedFile(graph, { path, head: `import { $define } from './${entry}';\n`, modules: inOrder(own), tail: '' }),
        ];
      }),
    ),
  };
};

const fileNameOf = (path: string): string => `${basename(path, '.ts')}.js`;

/** `$load`: a page's file is asked for once; what it brings that is there already is not taken again. */
const runtimeText = (files: ReadonlyMap<string, string>): string => `const $makers = new Map(), $made = new Map();
const $files = ${JSON.stringify(Object.fromEntries(files))};
export const $define = (path, make) => void ($makers.has(path) || $makers.set(path, make));
const $need = (path) => {
  if (!$made.has(path)) $made.set(path, $makers.get(path)($need, $load));
  return $made.get(path);
};
const $load = async (path) => {
  if (!$makers.has(path)) await import('./' + $files[path]);
  return $need(path);
};
`;

/** A module is made when it is needed, whatever the order: those that need each other would meet a half of the other. */
const inOrder = (modules: readonly BrowserModule[]): readonly BrowserModule[] => {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const state = new Map<BrowserModule, 'open' | 'done'>();
  const ordered: BrowserModule[] = [];
  const visit = (module: BrowserModule): void => {
    if (state.get(module) === 'done') return;
    if (state.get(module) === 'open') throw new Error(`modules of the dashboard import each other: ${module.path}`);
    state.set(module, 'open');
    for (const { path } of module.imports) {
      const imported = byPath.get(path);
      if (imported !== undefined) visit(imported);
    }
    state.set(module, 'done');
    ordered.push(module);
  };
  modules.forEach(visit);
  return ordered;
};

interface Linked {
  readonly path: string;
  readonly head: string;
  readonly modules: readonly BrowserModule[];
  readonly tail: string;
}

const linkedFile = (graph: ModuleGraph, { path, head, modules, tail }: Linked): LinkedFile => {
  const pieces: string[] = [head];
  const mapped: MappedLines[] = [];
  let line = linesIn(head);
  for (const module of modules) {
    const text = `$define('${module.path}', ($need, $load) => {\n${moduleText(module)}});\n`;
    mapped.push({ source: module.path, content: module.source, from: line + 1, count: linesIn(module.code) + 1 });
    line += linesIn(text);
    pieces.push(text);
  }
  pieces.push(tail, `//# sourceMappingURL=${path}.map\n`);
  return { path, code: pieces.join(''), map: lineMap(path, mapped) };
};

const linesIn = (text: string): number => text.split('\n').length - 1;

const IDENTIFIER = String.raw`[\w$]+`;
const FROM = String.raw`\s*from\s*['"]([^'"]+)['"];?`;
const IMPORT_NAMES = new RegExp(String.raw`(?<=^\s*|[;}])import\s*(\{[^}]*\}|${IDENTIFIER})${FROM}`, 'gmu');
const IMPORT_BARE = /^import\s*['"]([^'"]+)['"];?/gmu;
const EXPORT_FROM = new RegExp(String.raw`(?<=^|[;}])export\s*\{([^}]*)\}${FROM}`, 'gmu');
const EXPORT_NAMES = /(?<=^|[;}])export\s*\{([^}]*)\};?/gmu;
const EXPORT_DEFAULT = /^export default (?=(?:class|function) ([\w$]+))/gmu;
const EXPORT_ONE = /^export (?=(?:const|class|function|async function|function\*) ([\w$]+))/gmu;
const ON_DEMAND = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/gu;
const LEFT_OVER = /^\s*(?:import|export)\b(?!\s*\.).*$/mu;

/** The body of the function that makes it, line by line as it was, and what it gives to others. */
const moduleText = ({ path, code, imports, pages }: BrowserModule): string => {
  const given: string[] = [];
  const pathOf = (specifier: string): string => {
    const found = [...imports, ...pages].find((one) => one.specifier === specifier);
    if (found === undefined) throw new Error(`${path} imports "${specifier}", which was not found among its imports`);
    return found.path;
  };
  const text = code
    .replace(IMPORT_NAMES, (_all, names: string, specifier: string) => `const ${bound(names)} = $need('${pathOf(specifier)}');`)
    .replace(IMPORT_BARE, (_all, specifier: string) => `$need('${pathOf(specifier)}');`)
    .replace(ON_DEMAND, (_all, specifier: string) => `$load('${pathOf(specifier)}')`)
    .replace(EXPORT_FROM, (all, names: string, specifier: string) => {
      for (const [inner, outer] of pairsOf(names)) given.push(`${outer}: $need('${pathOf(specifier)}').${inner}`);
      return linesOnly(all);
    })
    .replace(EXPORT_NAMES, (all, names: string) => {
      for (const [inner, outer] of pairsOf(names)) given.push(`${outer}: ${inner}`);
      return linesOnly(all);
    })
    .replace(EXPORT_DEFAULT, (_all, name: string) => {
      given.push(`default: ${name}`);
      return '';
    })
    .replace(EXPORT_ONE, (all, name: string) => {
      given.push(name);
      return ' '.repeat(all.length);
    });
  const left = LEFT_OVER.exec(text)?.[0];
  if (left !== undefined) throw new Error(`${path}: the dashboard's modules are not linked with this form: ${left.trim()}`);
  return `${text}\nreturn { ${given.join(', ')} };\n`;
};

/** `{ a, b as c }` -> `{ a, b: c }`; a name alone is the default. */
const bound = (names: string): string => (names.startsWith('{') ? names.replaceAll(/\s+as\s+/gu, ': ') : `{ default: ${names} }`);

const pairsOf = (names: string): readonly (readonly [string, string])[] =>
  names.split(',').flatMap((one) => {
    const [inner = '', outer = inner] = one.trim().split(/\s+as\s+/u);
    return inner === '' ? [] : [[inner, outer] as const];
  });

const linesOnly = (text: string): string => '\n'.repeat(linesIn(text));
