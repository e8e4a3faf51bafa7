import { describe, expect, test } from 'vitest';
import { linkModules } from '../../../../src/dashboard/serving/link-modules.ts';
import type { BrowserModule, ModuleGraph } from '../../../../src/dashboard/serving/module-graph.ts';

const module = (path: string, code: string, imports: readonly string[] = [], pages: readonly string[] = []): BrowserModule => ({
  path,
  source: code,
  code,
  imports: imports.map((one) => ({ specifier: `./${one}`, path: one })),
  pages: pages.map((one) => ({ specifier: `./${one}`, path: one })),
});
const graphOf = (...modules: readonly BrowserModule[]): ModuleGraph => ({
  entry: 'app.ts',
  modules,
  onDemand: modules.flatMap(({ pages }) => pages.map(({ path }) => path)),
});

/** As a browser would; what a module leaves behind is in `globalThis.told`. */
const run = async (graph: ModuleGraph): Promise<unknown> => {
  Object.assign(globalThis, { told: null });
  await import(`data:text/javascript,${encodeURIComponent(linkModules(graph).entry.code)}#${Math.random()}`);
  return Reflect.get(globalThis, 'told');
};

const definedIn = (code = ''): readonly string[] => [...code.matchAll(/^\$define\('([^']+)'/gmu)].map(([, path = '']) => path);

describe('linked modules', () => {
  test('are what they were apart, with every form of import and export that is in use', async () => {
    const graph = graphOf(
      module('a.ts', 'export const one = 1;\nexport const two = () => one + 1;\nexport class Three { is = 3; }\n'),
      module('b.ts', 'class Whole { is = 4; }\nfunction five() { return 5; }\nexport { Whole as Four, five };\n'),
      module('c.ts', 'export default class Six { is = 6; }\nexport async function seven() { return 7; }\n'),
      module('d.ts', "const own=8;export{own as eight};export{one,two as zwei}from'./a.ts';", ['a.ts']),
      module(
        'app.ts',
        "import { one, Three,\n  two as second } from './a.ts';\nimport { Four, five } from './b.ts';\nimport Six from './c.ts';\nimport { eight, one as uno, zwei } from './d.ts';\nimport './a.ts';\nglobalThis.told = [one, second(), new Three().is, new Four().is, five(), new Six().is, eight, uno, zwei()];\n",
        ['a.ts', 'b.ts', 'c.ts', 'd.ts'],
      ),
    );
    expect(await run(graph)).toEqual([1, 2, 3, 4, 5, 6, 8, 1, 2]);
  });

  test('run once each, before those that need them', async () => {
    const graph = graphOf(
      module('app.ts', "import { b } from './b.ts';\nimport { list } from './a.ts';\nglobalThis.told = [...list, b];\n", [
        'b.ts',
        'a.ts',
      ]),
      module('b.ts', "import { list } from './a.ts';\nlist.push('b');\nexport const b = 'own';\n", ['a.ts']),
      module('a.ts', "export const list = ['a'];\n"),
    );
    expect(await run(graph)).toEqual(['a', 'b', 'own']);
  });

  test('are in the file of a page only where every page does not need them anyway', () => {
    const { entry, pages } = linkModules(
      graphOf(
        module('app.ts', "import { a } from './a.ts';\nconst load = () => import('./page.ts');\n", ['a.ts'], ['page.ts']),
        module('a.ts', 'export const a = 1;\n'),
        module('page.ts', "import { a } from './a.ts';\nimport { b } from './b.ts';\n", ['a.ts', 'b.ts']),
        module('b.ts', 'export const b = 1;\n'),
      ),
    );
    expect(definedIn(entry.code)).toEqual(['a.ts', 'app.ts']);
    expect(entry.code).toContain("$load('page.ts')");
    expect(definedIn(pages.get('page.ts')?.code)).toEqual(['b.ts', 'page.ts']);
  });

  test('throw for a form that is not read, and for those that need each other', () => {
    expect(() => linkModules(graphOf(module('app.ts', 'export let count = 0;\n')))).toThrow('export let count = 0;');
    expect(() => linkModules(graphOf(module('app.ts', "export * from './a.ts';\n", ['a.ts']), module('a.ts', '')))).toThrow(
      'export *',
    );
    const circle = graphOf(module('app.ts', "import './a.ts';\n", ['a.ts']), module('a.ts', "import './app.ts';\n", ['app.ts']));
    expect(() => linkModules(circle)).toThrow('import each other');
  });
});
