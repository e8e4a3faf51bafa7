import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VARIABLES } from '../../../src/config/environment.ts';
import { loadKilnConfig, openSecrets, parseKilnConfig } from '../../../src/config/kiln-config.ts';
import { TimingRules } from '../../../src/domain/protocol.ts';

const TOKEN = 'a-token-of-the-tests';
const parse = (text: string, env: Record<string, string> = {}): ReturnType<typeof parseKilnConfig> =>
  parseKilnConfig(text, { root: '/project', env, file: 'kiln.yaml' });

describe('defaults', () => {
  test('an empty file gives a loopback daemon on the embedded store', () => {
    const config = parse('');
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 7070 });
    expect(config.store).toMatchObject({ backend: 'embedded' });
    expect(config.queue).toMatchObject({ backend: 'embedded' });
    expect(config).toMatchObject({ dataDir: '/project/.kiln/data', kernelsDir: '/project/kernels', fleetFile: null });
    expect(config.limits).toEqual({ sourceBytes: 262_144, batch: 1000, queued: 2_000_000 });
    expect(config.judging).toMatchObject({ limitMs: 30_000, compileLimitMs: 20_000, infraRetries: 3 });
    expect(TimingRules.parse(config.judging.timing)).toEqual(config.judging.timing);
  });

  test('config/kiln.yaml spells out exactly the defaults', () => {
    expect(parse(readFileSync('config/kiln.yaml', 'utf8'))).toEqual(parse(''));
  });

  test('config/kiln.yaml names every variable', () => {
    const text = readFileSync('config/kiln.yaml', 'utf8');
    expect(Object.keys(VARIABLES).filter((name) => !text.includes(name))).toEqual([]);
  });

  test('the configuration is frozen at every level', () => {
    const config = parse('');
    const parts = [
      config,
      config.server,
      config.store,
      config.queue,
      config.limits,
      config.judging,
      config.judging.timing,
      config.agents,
      config.agents.generators,
      ...Object.values(config.agents.generators),
      config.log,
    ];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
  });
});

describe('the environment', () => {
  test('wins over the file', () => {
    const config = parse('server: {port: 1}\nlog: {level: warn}', {
      KILN_PORT: '8080',
      KILN_JUDGE_LIMIT_MS: '4000',
      KILN_DATA_DIR: '/data',
    });
    expect([config.server.port, config.judging.limitMs, config.dataDir, config.log.level]).toEqual([8080, 4000, '/data', 'warn']);
  });

  test('Postgres holds records and queue, unless Redis takes the queue', () => {
    const postgres = { KILN_POSTGRES_URL: 'postgres://u:p@h/kiln' };
    expect(parse('', postgres).queue).toMatchObject({ backend: 'postgres', url: 'postgres://u:p@h/kiln' });
    const both = parse('', { ...postgres, KILN_REDIS_URL: 'redis://r:6379' });
    expect([both.store, both.queue]).toMatchObject([{ backend: 'postgres' }, { backend: 'redis', url: 'redis://r:6379' }]);
  });

  test('moves a queue and leaves what the file says of its prefix, which a variable can change', () => {
    const file = 'queue: {backend: redis, url: "redis://old:6379", prefix: mine}';
    const redis = { KILN_REDIS_URL: 'redis://r:6379' };
    expect(parse(file, redis).queue).toMatchObject({ url: 'redis://r:6379', prefix: 'mine', adopt: null });
    expect(parse(file, { ...redis, KILN_QUEUE_PREFIX: 'other' }).queue).toMatchObject({ prefix: 'other' });
    expect(() => parse('', { ...redis, KILN_QUEUE_PREFIX: 'a:b' })).toThrow(
      /KILN_QUEUE_PREFIX \(queue\.prefix\): must be 1 to 64/,
    );
    expect(() => parse('', { ...redis, KILN_QUEUE_ADOPT: 'yes' })).toThrow(
      /KILN_QUEUE_ADOPT \(queue\.adopt\): must be the id of a store/,
    );
  });

  test('an empty variable counts as not set', () => {
    expect(parse('', { KILN_PORT: '', KILN_TOKEN: '' }).server.port).toBe(7070);
  });

  test.each([
    [{ KILN_PORT: 'http' }, 'KILN_PORT (server.port): must be a whole number from 0 to 65535'],
    [{ KILN_LOG_LEVEL: 'loud' }, 'KILN_LOG_LEVEL (log.level): must be one of trace, debug, info, warn, error, fatal, silent'],
    [{ KILN_REDIS_URL: 'localhost:6379' }, 'KILN_REDIS_URL (queue.url): must be a URL that starts with redis:// or rediss://'],
    [
      { KILN_JUDGE_LIMIT_MS: '0' },
      'KILN_JUDGE_LIMIT_MS (judging.limitMs): must be a number of milliseconds, above 0 and at most 3600000',
    ],
  ])('a bad variable is named: %o', (env, message) => {
    expect(() => parse('', env)).toThrow(message);
  });
});

describe('agents', () => {
  test('claude is there with its defaults, and nothing chosen', () => {
    const { agents } = parse('');
    expect(agents).toMatchObject({ queueSeconds: 5, thinkingMax: 1000, default: null });
    expect(agents.generators).toMatchObject({ claude: { kind: 'claude', effort: null, prices: null } });
  });

  test('a local server and a program need little more than an address', () => {
    const { agents } = parse(`agents:
  default: local
  generators:
    local: {kind: openai-compatible, baseUrl: http://127.0.0.1:8000/v1, model: m}
    mine: {kind: command, argv: [agent]}`);
    expect(agents.generators).toMatchObject({
      local: { structured: 'auto', keyVariable: null, prices: { input: 0, output: 0 } },
      mine: { argv: ['agent'], timeoutMs: 600_000 },
    });
  });
});

describe('bad files', () => {
  test.each([
    ['server:\n  prot: 1', 'kiln.yaml:2:3: server.prot: unknown field; known are host, port, token'],
    ['limits:\n  batch: many', 'kiln.yaml:2:3: limits.batch: must be a whole number from 1 to 1000'],
    ['judging:\n  timing:\n    runsMin: 200', 'kiln.yaml:3:5: judging.timing.runsMin: must not be above runsMax'],
    ['store: {backend: oracle}', 'kiln.yaml:1:9: store.backend: must be embedded or postgres'],
    ['agents: {default: constructor}', 'kiln.yaml:1:10: agents.default: names no generator: it must be evolve, claude or one of'],
    ['agents: {default: gpt}', 'kiln.yaml:1:10: agents.default: names no generator: it must be evolve, claude or one of'],
    [
      'agents:\n  generators:\n    evolve: {kind: claude}',
      'kiln.yaml:3:5: agents.generators.evolve: evolve is built in and has no settings; take another name',
    ],
    [
      'agents:\n  generators:\n    local: {kind: openai-compatible, model: m, baseUrl: "http://h", diagnose: {by: gone}}',
      'agents.generators.local.diagnose.by: names no generator: "gone" is not in agents.generators',
    ],
    [
      'agents:\n  generators:\n    claude: {kind: claude, diagnose: {by: evolve}}',
      'agents.generators.claude.diagnose.by: "evolve" cannot diagnose: name a generator of kind claude or openai-compatible',
    ],
    [
      'agents:\n  generators:\n    mine: {kind: magic}',
      'kiln.yaml:3:12: agents.generators.mine.kind: must be claude, openai-compatible or command',
    ],
    [
      'agents:\n  generators:\n    local: {kind: openai-compatible, model: m, baseUrl: "file:///etc"}',
      'agents.generators.local.baseUrl: must be a URL that starts with http:// or https://',
    ],
    [
      'agents:\n  generators:\n    local: {kind: openai-compatible, model: m, baseUrl: "http://h", keyVariable: sk-secret}',
      'keyVariable: must be the name of an environment variable, never a key itself',
    ],
    [
      'agents:\n  generators:\n    claude: {kind: claude, modle: x}',
      'agents.generators.claude.modle: unknown field; known are kind, model, effort, efforts, diagnose, thinking, cacheMinutes, maxTokens, timeoutMs, batches, baseUrl, limits, prices',
    ],
    ['- 1', 'kiln.yaml:1:1: must be fields and their values'],
    ['a: [', 'kiln.yaml:1:5: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('KILN_CONFIG must name a file that exists', () => {
    expect(() => loadKilnConfig({ root: '/', env: { KILN_CONFIG: '/nowhere.yaml' } })).toThrow('/nowhere.yaml: cannot be read');
  });
});

describe('listening', () => {
  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.org'])('on %s is refused without a token', (host) => {
    expect(() => parse('', { KILN_HOST: host })).toThrow(
      `KILN_HOST (server.host): ${host} can be reached from other machines, so a token is required: set KILN_TOKEN, or listen on 127.0.0.1`,
    );
    expect(parse('', { KILN_HOST: host, KILN_TOKEN: TOKEN }).server.token).toBe(TOKEN);
  });

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', 'kiln.localhost', '::1', '::ffff:127.0.0.1'])('on %s needs none', (host) => {
    expect(parse('', { KILN_HOST: host }).server.host).toBe(host);
  });

  test('an address may be written as in a URL; a port beside it is refused', () => {
    expect(parse('', { KILN_HOST: '[::1]' }).server.host).toBe('::1');
    expect(() => parse('', { KILN_HOST: '127.0.0.1:80' })).toThrow('the port goes into port');
    expect(() => parse('', { KILN_HOST: '[::1]:80' })).toThrow('the port goes into port');
  });

  test('the message about a host in the file names its line', () => {
    expect(() => parse('server:\n  host: 0.0.0.0')).toThrow('kiln.yaml:2:3: server.host: 0.0.0.0 can be reached');
  });
});

describe('a file with secrets', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kiln-config-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const openOf = (text: string, mode: number): string | null => {
    const file = join(root, 'k.yaml');
    writeFileSync(file, text);
    chmodSync(file, mode);
    return openSecrets({ root, env: { KILN_CONFIG: file } });
  };

  test.each([
    [`server: {token: ${TOKEN}}`, 'server.token'],
    [
      'store: {backend: postgres, url: "postgres://u:pw@h/d"}\nqueue: {backend: redis, url: "redis://:pw@h"}',
      'store.url and queue.url',
    ],
  ])('that others can read is told, without them: %s', (text, fields) => {
    const warning = openOf(text, 0o644);
    expect(warning).toContain(`holds ${fields} and can be read by others (mode 0644): chmod 600 `);
    expect(warning).not.toMatch(/pw|a-token/);
    expect(openOf(text, 0o600)).toBeNull();
  });

  test('without secrets in it may be read by everybody', () => {
    expect(openOf('store: {backend: postgres, url: "postgres://u@h/d"}', 0o644)).toBeNull();
    expect(openSecrets({ root, env: {} })).toBeNull();
  });
});

describe('secrets', () => {
  const config = parse(`server: {token: ${TOKEN}}`, {
    KILN_POSTGRES_URL: 'postgres://u:hunter22@h/kiln',
    KILN_REDIS_URL: 'redis://:hunter33@r',
  });

  test('show in neither JSON nor inspection nor text', () => {
    for (const shown of [
      JSON.stringify(config),
      inspect(config, { depth: 9 }),
      inspect(config.server),
      JSON.stringify(config.server),
    ]) {
      expect(shown).not.toMatch(/hunter|a-token/);
    }
    expect(JSON.stringify(config.store)).toBe('{"backend":"postgres","url":"postgres://u:***@h/kiln"}');
  });

  test('a short token is refused without being repeated', () => {
    expect(() => parse('', { KILN_TOKEN: 'hunter2' })).toThrow(
      /^KILN_TOKEN \(server.token\): must have at least 16 characters(?!.*hunter)/,
    );
  });

  test('are still there for those who use them', () => {
    expect(config.server.token).toBe(TOKEN);
    expect(config.queue).toMatchObject({ url: 'redis://:hunter33@r' });
  });
});
