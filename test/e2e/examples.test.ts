import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KilnFolder, kilnFolder, type KilnProcess, startKiln } from '../support/kiln-process.ts';

/** An agent of one's own takes a few more than the others. */
const LINES_MAX = 60;
const FLEET = 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n';
const SEED = 'kernels/vector_add/seeds/2-vectors.c';

/** What each is called with, and what it must print. */
const RUNS: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
  'tuning-sweep.ts': [[SEED, 'vector_add', '2'], /^\d+\.\d\dx with \{"WIDTH":\d+,"UNROLL":\d+\}$/mu],
  'judge-files.ts': [['vector_add', SEED], /^c-\w+ passed \d+\.\d\dx$/mu],
  'own-strategy.ts': [
    ['kernels/vector_add/seeds/3-streaming.c', 'vector_add', 'UNROLL', '4', '8'],
    /^best: UNROLL=[48] at \d+\.\d\dx$/mu,
  ],
  'own_agent.py': [['softmax'], /^record: c-\w+ by own-agent \d+\.\d\dx$/mu],
  'tuning_sweep.py': [[SEED, 'vector_add', '2'], /^passed \{.*'WIDTH': \d+.*\} \d/mu],
};

describe('the examples', () => {
  let folder: KilnFolder;
  let daemon: KilnProcess;
  beforeAll(async () => {
    folder = kilnFolder(FLEET, { KILN_LOG_LEVEL: 'warn' });
    daemon = await startKiln(folder);
  });
  afterAll(async () => {
    await daemon.stop();
    folder.remove();
  });

  test('are all run here, and short', () => {
    const files = globSync('examples/*.{ts,py}');
    expect(files.map((file) => basename(file)).toSorted()).toEqual(Object.keys(RUNS).toSorted());
    for (const file of files) expect(readFileSync(file, 'utf8').split('\n').length, file).toBeLessThanOrEqual(LINES_MAX);
  });

  test.each(Object.entries(RUNS))('%s does what it says', async (file, [args, printed]) => {
    const program = file.endsWith('.py') ? 'python3' : process.execPath;
    const child = spawn(program, [`examples/${file}`, ...args], {
      env: { ...folder.env, KILN_URL: daemon.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    await once(child, 'close');
    expect(output).toMatch(printed);
    expect(child.exitCode, output).toBe(0);
  });
});
