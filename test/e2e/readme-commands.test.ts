import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KilnFolder, kilnFolder, type KilnProcess, startKiln } from '../support/kiln-process.ts';
import { type Ended, runLine } from '../support/run-line.ts';

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md'];
const FLEET = 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n';
const ADDRESS = 'http://127.0.0.1:7070';

/** Run where they are at home; here they would run themselves, or the whole of CI. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  './kiln demo': '.ci/run',
  './kiln test': '.ci/run',
  '.ci/run': 'test/integration/toolchain/ci.test.ts',
  './kiln up': 'every end-to-end test, this one too',
};
/** Where a machine lacks something, doctor says so with exit 1: its findings are no failure of the document. */
const MAY_EXIT_1 = new Set(['./kiln doctor']);

const commandsOf = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^```sh\n(.*?)^```$/gmsu)].flatMap(([, block]) => (block ?? '').trim().split('\n'));

const commands = DOCUMENTS.flatMap(commandsOf);
const runHere = [...new Set(commands)].filter((command) => RUN_ELSEWHERE[command] === undefined);

const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe('the commands of the documents', () => {
  let folder: KilnFolder;
  let daemon: KilnProcess;

  const run = async (command: string): Promise<Ended> => {
    const line = command.replaceAll(ADDRESS, daemon.url).replace(/^\.\/kiln\b/u, `"${process.execPath}" src/cli/main.ts`);
    return runLine(line, { env: { ...folder.env, KILN_URL: daemon.url } });
  };

  beforeAll(async () => {
    folder = kilnFolder(FLEET);
    // As on the reader's machine: the first start makes the database.
    rmSync(join(folder.path, 'data'), { recursive: true });
    daemon = await startKiln(folder);
  });

  afterAll(async () => {
    await daemon.stop();
    await folder.ended();
    const left = folder.remove();
    if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
  });

  test('are found', () => {
    expect(commands).toEqual(expect.arrayContaining(Object.keys(RUN_ELSEWHERE)));
    expect(runHere.length).toBeGreaterThan(8);
  });

  // In order: what is submitted first is ranked later.
  test.for(runHere)('%s', async (command, { skip }) => {
    skip(command.includes('curl ') && !hasCurl, 'curl is not installed');
    const { code, output } = await run(command);
    expect(MAY_EXIT_1.has(command) && code === 1 ? 0 : code, output).toBe(0);
    expect(output).not.toBe('');
  });
});
