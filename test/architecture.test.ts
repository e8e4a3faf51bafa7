import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Layer -> layers it may import. Nothing imports upwards; only the composition root sees everything. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // Knows nothing of Kiln; every layer may use it.
  platform: [],
  domain: [],
  scheduler: ['domain'],
  store: ['domain'],
  queue: ['domain'],
  gpu: ['domain'],
  config: ['domain'],
  problems: ['domain'],
  engine: ['domain', 'scheduler', 'problems'],
  // The same tools for both of its transports: /mcp and `kiln mcp`.
  mcp: ['domain'],
  // Pages for people: what browsers run, and how it is served.
  dashboard: ['domain'],
  hostwork: ['domain'],
  server: ['domain', 'mcp', 'dashboard'],
  client: ['domain'],
  agents: ['domain', 'problems'],
  // A client of the engine, as agents are.
  sweeps: ['domain', 'problems'],
  // `kiln up` is the process of the daemon.
  // Problems of other tools, read and written as texts.
  importers: ['domain'],
  cli: ['client', 'config', 'domain', 'importers', 'mcp', 'daemon.ts', 'doctor.ts', 'problem-check.ts'],
  // What a daemon opens for itself alone, and `kiln doctor` looks at.
  storage: ['domain', 'config', 'store', 'queue'],
  // Hosts that come and go.
  fleet: ['domain'],
  'live-fleet.ts': ['domain', 'config', 'fleet', 'store'],
  'doctor.ts': ['domain', 'gpu', 'config', 'problems', 'storage', 'problem-doctor.ts'],
  'problem-doctor.ts': ['domain', 'gpu', 'problems', 'problem-check.ts'],
  'problem-check.ts': ['domain', 'config', 'problems'],
  'daemon.ts': [
    'domain',
    'scheduler',
    'store',
    'queue',
    'gpu',
    'config',
    'problems',
    'engine',
    'agents',
    'sweeps',
    'server',
    'storage',
    'hostwork',
    'live-fleet.ts',
  ],
};
/** Of folders with rooms: room -> rooms of the same folder it may import. What lies in none of them is the folder's face and may import all. */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'src/agents': {
    answers: [],
    context: ['search'],
    feeding: [],
    generators: ['answers', 'prompt', 'variation'],
    prompt: [],
    report: [],
    search: [],
    variation: [],
    run: ['context', 'feeding', 'report', 'search', 'variation'],
  },
  // From what a campaign holds, over verdicts and questions, to its life and its views.
  'src/agents/run': {
    state: [],
    outcomes: ['state'],
    asking: ['state', 'outcomes'],
    lifecycle: ['state', 'outcomes', 'asking'],
    views: ['state', 'lifecycle'],
  },
  'src/engine': {
    telemetry: [],
    // Which source a host compiles depends on what its canaries came to (marks).
    canaries: [],
    leasing: [],
    compiling: ['canaries', 'telemetry'],
    hosts: ['canaries', 'compiling', 'telemetry'],
    judging: ['canaries', 'compiling'],
    // Its candidates are behind all others.
    libraries: [],
    // Devices that people hold.
    lending: ['hosts'],
    profiles: ['canaries', 'compiling'],
    // A lease that is under way must not go by what was before.
    steering: ['profiles'],
    why: ['canaries'],
    submitters: [],
    answers: ['canaries', 'compiling', 'hosts', 'libraries', 'profiles', 'steering', 'submitters', 'telemetry', 'why'],
  },
};
/** Beside the rooms of the engine: what all of them share, and what composes them, which none of them sees. */
const ENGINE_SHARED = [
  'active-candidates.ts',
  'by-answers.ts',
  'content-id.ts',
  'definitions.ts',
  'deps.ts',
  'hidden-cases.ts',
  'host-state.ts',
  'problem-versions.ts',
  'queue-again.ts',
  'state.ts',
  'take-back.ts',
  'write-behind.ts',
];
const ENGINE_COMPOSITION = ['effects.ts', 'engine.ts', 'event-loop.ts', 'host-control.ts', 'host-events.ts', 'progress.ts'];
const FILE_LINES_MAX = 400;
/** Back-off, cool-down, circuit breaker, wake, repair, transfer, remedy and the like say it to everybody. */
const PRIVATE_WORDS = new Set(
  'desk mend mends mended owed patiently poke resting seat settle settled settles shelf told travel travels unsettled'.split(' '),
);
/** A record is the best of a ranking; rows are called by what they hold. */
const ROW_RECORD = /^(?:attempt|campaign|canary|candidate|owner|profile|sweep)Records?$/iu;
const IMPORT = /\bfrom\s+['"](\.[^'"]+)['"]|^\s*import\s+['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]/gmu;

const mayImport = (layer: string): readonly string[] => [
  layer,
  ...(ALLOWED[layer] ?? []),
  ...(layer === 'platform' ? [] : ['platform']),
];
const listed = (imports: readonly string[]): string => imports.join(', ') || 'nothing';
const read = (file: string): string => readFileSync(file, 'utf8');
/** Comments and the text of strings may say what they like. */
const withoutText = (code: string): string => code.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|'(?:[^'\\\n]|\\.)*'/gmu, "''");
const layerOf = (file: string): string => file.split(sep)[1] ?? '';
const sources = globSync('src/**/*.ts').toSorted();
const written = globSync('{src,test,scripts,bench}/**/*.ts').toSorted();

describe('architecture', () => {
  test('finds the sources it is about', () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  test('every folder of src is a known layer', () => {
    const layers = new Set(sources.map(layerOf));
    expect([...layers].filter((layer) => ALLOWED[layer] === undefined)).toEqual([]);
  });

  test.each(sources)('%s imports only the layers below it', (file) => {
    const from = layerOf(file);
    for (const [, ...specs] of read(file).matchAll(IMPORT)) {
      const spec = specs.join('');
      const to = layerOf(normalize(join(dirname(file), spec)));
      expect(mayImport(from), `${file} -> ${spec}`).toContain(to);
    }
  });

  test.each(Object.entries(ROOMS))('the rooms of %s import only those that they may', (folder, rooms) => {
    const within = sources.filter((file) => file.startsWith(`${normalize(folder)}${sep}`));
    const roomOf = (file: string): string | null =>
      relative(folder, file).split(sep).at(-2) === undefined ? null : (relative(folder, file).split(sep)[0] ?? null);
    const found = within.flatMap((file) =>
      [...read(file).matchAll(IMPORT)].flatMap(([, ...specs]) => {
        const [from, target] = [roomOf(file), normalize(join(dirname(file), specs.join('')))];
        if (from === null || !target.startsWith(`${normalize(folder)}${sep}`)) return [];
        const to = roomOf(target);
        return to === null || to === from ? [] : [{ file, from, to }];
      }),
    );
    expect(new Set(within.map(roomOf).filter((room) => room !== null))).toEqual(new Set(Object.keys(rooms)));
    expect(found.filter(({ from, to }) => !rooms[from]?.includes(to))).toEqual([]);
    // A list that allows what nobody does hides the next arrow.
    const used = new Set(found.map(({ from, to }) => `${from} -> ${to}`));
    const allowed = Object.entries(rooms).flatMap(([from, list]) => list.map((to) => `${from} -> ${to}`));
    expect(allowed.filter((arrow) => !used.has(arrow))).toEqual([]);
  });

  test('beside the rooms of the engine is only what they share and what composes them, and they see none of the latter', () => {
    const within = sources.filter((file) => layerOf(file) === 'engine').map((file) => relative('src/engine', file));
    const face = within.filter((file) => !file.includes(sep));
    expect(face).toEqual([...ENGINE_SHARED, ...ENGINE_COMPOSITION].toSorted());
    const composing = within
      .filter((file) => file.includes(sep))
      .filter((file) => ENGINE_COMPOSITION.some((part) => read(join('src/engine', file)).includes(`'../${part}'`)));
    expect(composing).toEqual([]);
  });

  test.each(written)(`%s stays within ${FILE_LINES_MAX} lines`, (file) => {
    expect(read(file).split('\n').length).toBeLessThanOrEqual(FILE_LINES_MAX);
  });

  test('there is no drawer for things without a name', () => {
    const drawers = new Set(['utils', 'util', 'helpers', 'common', 'types', 'misc']);
    expect(written.filter((file) => file.split(sep).some((part) => drawers.has(part.replace(/\.ts$/u, ''))))).toEqual([]);
  });

  // Docs and code speak the field's words (docs/glossary.md): what these stood for has a name that everybody knows.
  test('no name is of a vocabulary of our own', () => {
    const declared =
      /(?:\b(?:const|let|function|class|interface|type|readonly)\s+|[{,(]\s*|#)(?<name>[A-Za-z]\w*)(?=\s*[?:=(,}<])/gu;
    const found = sources.flatMap((file) =>
      [...withoutText(read(file)).matchAll(declared)].flatMap(({ groups }) => {
        const name = groups?.['name'] ?? '';
        const words = name.split(/_|(?<=[a-z\d])(?=[A-Z])/u).map((word) => word.toLowerCase());
        return ROW_RECORD.test(name) || words.some((word) => PRIVATE_WORDS.has(word)) ? [`${file}: ${name}`] : [];
      }),
    );
    expect(found).toEqual([]);
  });

  test('there is no barrel', () => {
    expect(written.filter((file) => basename(file) === 'index.ts')).toEqual([]);
  });

  test('nothing is exported by default', () => {
    expect(written.filter((file) => /^export default\b/mu.test(read(file)))).toEqual([]);
  });

  test('no test replaces a module', () => {
    const mock = new RegExp(String.raw`\bvi\.(?:do)?mock\(`, 'iu');
    expect(globSync('test/**/*.ts').filter((file) => mock.test(read(file)))).toEqual([]);
  });

  // It waits for a named event with a deadline. What stands for something slow may be slow: a model thinks, a device judges.
  test('no test sleeps', () => {
    const sleep =
      /\bsetTimeout\(\s*(?:resolve|done|\(\) =>\s*resolve)|import \{[^}]*\bsetTimeout\b[^}]*\} from 'node:timers\/promises'/u;
    const files = globSync('test/**/*.ts', { exclude: (name) => name === 'fixtures' || name === 'support' });
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => sleep.test(read(file)))).toEqual([]);
  });

  // The wall clock jumps: what is measured by it takes hours or none.
  test('only the clock asks what time it is; durations are monotonic', () => {
    const wall = /\bDate\.now\b|\bnew Date\(\)|\bDate\(\)/u;
    expect(sources.filter((file) => wall.test(read(file)))).toEqual([normalize('src/platform/clock.ts')]);
  });

  test('the scheduler takes time and chance from its caller', () => {
    const impure = /\bDate\.now\(|new Date\(\)|Math\.random\(|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\(|from 'node:/u;
    expect(globSync('src/scheduler/**/*.ts').filter((file) => impure.test(read(file)))).toEqual([]);
  });

  describe('docs/ARCHITECTURE.md', () => {
    const page = read('docs/ARCHITECTURE.md');
    /** Last cells of the rows of its tables, by what the first cell names. */
    const stated = new Map(
      [...page.matchAll(/^\| `(?<name>src\/[^`]+)` \|.*\| (?<imports>[^|]*) \|$/gmu)].map(({ groups }) => [
        groups?.['name'] ?? '',
        groups?.['imports'],
      ]),
    );

    test.each(Object.entries(ALLOWED))('tells what src/%s may import', (layer, imports) => {
      expect(stated.get(`src/${layer}`)).toBe(listed(imports));
    });

    test.each(
      Object.entries(ROOMS).flatMap(([folder, rooms]) =>
        Object.entries(rooms).map(([room, imports]) => [`${folder}/${room}`, imports] as const),
      ),
    )('tells what %s may import of its neighbours', (room, imports) => {
      expect(stated.get(room)).toBe(listed(imports));
    });

    test('names files that exist', () => {
      const named = [...page.matchAll(/`(?<path>(?:src|test|docs|bench|scripts)\/[\w./-]+)`/gu)].map(
        ({ groups }) => groups?.['path'] ?? '',
      );
      expect(named.length).toBeGreaterThan(20);
      expect(named.filter((path) => !existsSync(path))).toEqual([]);
    });
  });
});
