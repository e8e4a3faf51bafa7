import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';
import { spawnCli } from '../../support/server/run-cli.ts';

const ROOT = join(import.meta.dirname, '../../..');
const HOOK = join(ROOT, 'test/support/loaded-modules-child.ts');
const SEED = join(ROOT, 'kernels/vector_add/seeds/2-vectors.c');
/** Of the daemon: nothing that a client needs. */
const LAYERS = ['cli', 'client', 'domain', 'importers', 'platform'];

let folder: string;
let server: FakeServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-modules-'));
  server = await serveFake();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** What one command loads: of this project by its path, of others by the name of the package, and what Node itself brings. */
const loadedBy = async (args: readonly string[]) => {
  const file = join(folder, 'modules');
  const { code } = await spawnCli(args, { url: server.url, env: { NODE_OPTIONS: `--import ${HOOK}`, KILN_TEST_MODULES: file } });
  const urls = readFileSync(file, 'utf8').split('\n');
  const paths = urls.filter((url) => url.startsWith('file:')).map((url) => relative(ROOT, fileURLToPath(url)));
  return {
    code,
    own: paths.filter((path) => path.startsWith('src/')),
    languages: paths.filter((path) => path.includes('zod/v4/locales/')).map((path) => basename(path)),
    packages: [...new Set(paths.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(path)?.[1] ?? []))].toSorted(),
    builtin: urls.filter((url) => url.startsWith('node:')),
  };
};

describe('a command that asks the daemon', () => {
  test.each([
    ['queue', ['queue'], 'queue.ts'],
    ['submit', ['submit', SEED, '--problem', 'vector_add'], 'submit.ts'],
    ['fleet', ['fleet'], 'fleet.ts'],
    ['list', ['list'], 'list.ts'],
    ['host exec', ['host', 'exec', 'nowhere', '--', 'true'], 'host/exec.ts'],
  ])('loads its own code and nothing of the daemon: %s', async (_name, args, module) => {
    const { own, packages, builtin, languages } = await loadedBy(args);
    expect(own).toContain(`src/cli/commands/${module}`);
    expect(own.filter((path) => !LAYERS.includes(path.split('/')[1] ?? ''))).toEqual([]);
    expect(packages).toEqual(['commander', 'zod']);
    // Zod's, half of all its modules.
    expect(languages).toEqual(['en.js']);
    // To import it, in place of asking Node for it, costs more than all the rest of a client.
    expect(builtin.filter((name) => name === 'node:http' || name === 'node:https')).toEqual([]);
  });

  test('loads no other command, and no contract but the one it calls', async () => {
    const { code, own } = await loadedBy(['--json', 'queue']);
    expect(code).toBe(0);
    expect(own.filter((path) => path.startsWith('src/cli/commands/'))).toEqual(['src/cli/commands/queue.ts']);
    expect(own.filter((path) => path.endsWith('-contract.ts'))).toEqual(['src/domain/api/queue-contract.ts']);
  });
});
