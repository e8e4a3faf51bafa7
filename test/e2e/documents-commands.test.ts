/** The commands of every page of docs, as they stand there, against one daemon; README.md and docs/hosts.md have tests of their own. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KilnFolder, kilnFolder, type KilnProcess, startKiln } from '../support/kiln-process.ts';
import { type Ended, runLine } from '../support/run-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/cli/main.ts');
const FIXTURES = join(ROOT, 'test/fixtures/importers');
const PLAYED_PYTHON = join(ROOT, 'test/support/importers/played_python.py');
const FLEET = 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n';
const TIMED_OUT = 4;
/** Of what was imported, or judged: there is no host that records programs. */
const SOME_FAILED = 3;
/** For a GPU of a class that is not here. */
const WAITS = /H100|convolution\/sweep|campaign watch/u;

/** By page, or by the program. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'hosts.md': 'test/e2e/host-work.test.ts',
  pg_dump: 'test/e2e/backup.test.ts',
  pg_restore: 'test/e2e/backup.test.ts',
};

const commandsOf = (page: string): readonly string[] =>
  [...readFileSync(join(ROOT, 'docs', page), 'utf8').matchAll(/^```sh\n(.*?)^```$/gmsu)].flatMap(([, block]) =>
    (block ?? '').trim().split('\n'),
  );

const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md') && commandsOf(name).length > 0);
const all = pages.flatMap((page) => commandsOf(page).map((line) => ({ page, line, program: line.split(' ')[0] ?? '' })));
const lines = all.filter(({ page, program }) => !(page in RUN_ELSEWHERE) && !(program in RUN_ELSEWHERE));

/** What a reader has and this machine does not: a GPU of that class, PyTorch, files of their own. */
const typed = (line: string, ids: Readonly<Record<string, string>>): string =>
  Object.entries(ids)
    .reduce((text, [placeholder, id]) => text.replace(placeholder, id), line)
    .replace('SHA256:…', `SHA256:${'A'.repeat(42)}E`)
    .replace('rmsnorm_h4096.json', 'scaled_norm_h128.json')
    .replace('tune_convolution.py', 'tune_convolution.py --name convolved')
    .replace(/^.* import (?:gpumode|kernelbench) .*$/u, `$& --seconds 15 --python "${PLAYED_PYTHON}"`)
    .replace(/^.*$/u, (text) => (WAITS.test(line) ? `${text} --timeout 5s` : text))
    .replace(/^(?:\.\/)?kiln /u, `"${process.execPath}" "${MAIN}" `);

const seed = (problem: string, file: string) => ({
  problem,
  language: 'cuda' as const,
  device: 'H100',
  source: readFileSync(join(ROOT, 'kernels', problem, 'seeds', file), 'utf8'),
});

const expectedOf = (line: string): number => {
  if (WAITS.test(line)) return TIMED_OUT;
  if (/ submit .* --watch$/u.test(line)) return SOME_FAILED;
  return /import (?:gpumode \S+|kernelbench .*|flashinfer flashinfer_trace)$/u.test(line) ? SOME_FAILED : 0;
};

describe('the commands of docs', () => {
  let folder: KilnFolder;
  let daemon: KilnProcess;
  let here: string;

  const run = async (command: string): Promise<Ended> =>
    runLine(command, { cwd: here, env: { ...folder.env, KILN_URL: daemon.url } });

  beforeAll(async () => {
    folder = kilnFolder(FLEET);
    here = join(folder.path, 'here');
    mkdirSync(here);
    for (const name of ['kernels', 'config']) cpSync(join(ROOT, name), join(here, name), { recursive: true });
    for (const [from, to] of [
      ['gpumode', 'reference-kernels'],
      ['kernelbench', 'KernelBench'],
      ['flashinfer', 'flashinfer_trace'],
      ['flashinfer/solutions/one-program-a-row.json', 'solution.json'],
      ['convolution.json', 'convolution.json'],
      ['convolution.cu', 'convolution.cu'],
      ['tune_convolution.py', 'tune_convolution.py'],
    ] as const)
      cpSync(join(FIXTURES, from), join(here, to), { recursive: true });
    writeFileSync(
      join(here, 'submission.py'),
      '#!POPCORN leaderboard add_v2\ndef custom_kernel(data):\n    a, b = data\n    return a + b\n',
    );
    folder.env['KILN_KERNELS_DIR'] = join(here, 'kernels');
    daemon = await startKiln(folder);
    // They wait for a device that is not here, so that there is something to be paused.
    await daemon.client.createSweep({ candidate: seed('vector_add', '2-streaming.cu'), space: { UNROLL: [1, 2] } });
    await daemon.client.submit([{ ...seed('softmax', '2-online.cu'), submitter: 'ann' }]);
  });
  afterAll(async () => {
    await daemon.stop();
    await folder.ended();
    const left = folder.remove();
    if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
  });

  /** Of what the page speaks of, the newest there is. */
  const idsOf = async (page: string): Promise<Readonly<Record<string, string>>> => {
    const sweep = (await daemon.client.sweeps()).sweeps[0]?.id ?? '';
    const campaign =
      (await daemon.client.campaigns()).campaigns.find(({ status }) => status === 'running' || status === 'paused')?.id ?? '';
    const candidate = (await daemon.client.candidates({ limit: 1 })).candidates[0]?.id ?? '';
    if (page === 'agents.md') return { ID: campaign };
    if (page === 'queue.md') return { 's-3f2a': sweep, 'k-77aa': campaign, ' ID': ` ${candidate}` };
    return { 'results ID': `results ${sweep}`, 'show ID': `show ${candidate}` };
  };

  test('are found', () => {
    const found = all.flatMap(({ page, program }) => [page, program]);
    expect(found).toEqual(expect.arrayContaining(Object.keys(RUN_ELSEWHERE)));
    expect(lines.length).toBeGreaterThan(30);
  });

  // In order: what one makes another one uses.
  test.for(lines)('$page: $line', async ({ page, line }) => {
    const { code, output } = await run(typed(line, await idsOf(page)));
    expect(code, output).toBe(expectedOf(line));
    expect(output).not.toBe('');
  });
});
