import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CampaignView } from '../../../src/domain/api/campaigns.ts';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { CampaignId, CandidateId } from '../../../src/domain/ids.ts';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';
import { FLEET } from '../../support/server/fake-fleet.ts';
import { createFakeKiln } from '../../support/server/fake-kiln.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');
/** Part of util-linux: runs a command on a terminal of its own. */
const SCRIPT = '/usr/bin/script';
const hasScript = existsSync(SCRIPT);
const SCRIPT_MISSING = hasScript ? '' : ' (skipped: no script; apt-get install bsdutils)';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const BEST = CandidateId.parse(`c-${'1'.repeat(32)}`);
let server: FakeServer;
let folder: string;
beforeEach(async () => {
  server = await serveFake();
  folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'));
  writeFileSync(join(folder, 'mine.c'), 'void f(void) {}');
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const kiln = (...args: string[]): Promise<CliRun> => runCli(args, { url: server.url, cwd: folder });
const start = async (...args: string[]): Promise<CampaignView> => {
  const run = await kiln('campaign', 'start', '--json', ...args);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(run.stdout) as CampaignView;
};
const SMALL = ['--problem', 'vector_add', '--budget-candidates', '10'];
const FOUND: Partial<CampaignView> = {
  activity: 'the queue holds 4.8 s of work for H100, the target is 5 s',
  thinking: 2,
  waitingForVerdict: 3,
  spent: { usd: 1.5, reservedUsd: 0, gpuMinutes: 0.5, candidates: 10, minutes: 2 },
  byVerdict: { passed: 4, wrong_answer: 1 },
  byFailure: { refused: 2 },
  generations: { asked: 2, answered: 0, submitted: 3, judged: 5, failed: 2, lost: 0 },
  best: [
    {
      problem: 'vector_add',
      device: 'H100',
      startSpeedup: 1,
      best: {
        candidateId: BEST,
        speedup: 2.5,
        language: 'cuda',
        generator: 'evolve',
        idea: 'wide\u001b[31m loads',
        lineage: [BEST],
      },
    },
  ],
};

describe('campaign start', () => {
  test('sends what its options say, and prints the id and what to do next', async () => {
    const options =
      '--problem vector_add softmax --device cpu --agents 32 --generator evolve=3 -g evolve --budget-usd 20 --budget-gpu-minutes 1.5 --minutes 60 --seeds first --ranked 2 --seed 7 --source softmax=mine.c --language c --name night';
    const { spec } = await start(...options.split(' '));
    expect(spec).toMatchObject({
      name: 'night',
      problems: ['vector_add', 'softmax'],
      devices: ['cpu'],
      agents: 32,
      generators: [
        { name: 'evolve', share: 3 },
        { name: 'evolve', share: 1 },
      ],
      budget: { usd: 20, gpuMinutes: 1.5, minutes: 60 },
      languages: ['c'],
      start: {
        seeds: 'first',
        ranked: 2,
        sources: [{ problem: 'softmax', language: 'c', source: 'void f(void) {}', params: {} }],
      },
      seed: 7,
    });
    const { stdout } = await kiln('campaign', 'start', ...SMALL);
    expect(stdout).toMatch(/^k-\w{16} {2}running\nfollow it with: kiln campaign watch k-\w{16}\n$/);
  });

  test('says so at once where no host has the device class', async () => {
    expect((await kiln('campaign', 'start', ...SMALL)).stderr).toBe('');
    const { code, stderr } = await kiln('campaign', 'start', ...SMALL, '--device', 'B200');
    expect(code).toBe(0);
    expect(stderr).toBe('waiting: no host of the fleet has the device class B200 now (kiln fleet)\n');
  });

  test('says so where a host that may have the device class is still connecting', async () => {
    const [box] = FLEET.hosts;
    if (!box) throw new Error('no host');
    const fleet = { ...FLEET, hosts: [{ ...box, state: 'connecting' as const, devices: [] }] };
    const starting = await serveFake({ kiln: { ...createFakeKiln(), fleet: async () => Promise.resolve(fleet) } });
    const { stderr } = await runCli(['campaign', 'start', ...SMALL, '--device', 'cpu'], { url: starting.url, cwd: folder });
    await starting.stop();
    expect(stderr).toContain('no connected host has the device class cpu: host box is still connecting');
  });

  test('reads a file, whose paths start at its own folder; options win over it', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'kiln-cli-'));
    writeFileSync(join(elsewhere, 'other.c'), 'void g(void) {}');
    const text =
      'problems: [vector_add]\nagents: 4\nbudget: {usd: 5, minutes: 3}\nstart: {seeds: none, sources: [{problem: vector_add, file: other.c}]}\n';
    writeFileSync(join(elsewhere, 'c.yaml'), text);
    const { spec } = await start(join(elsewhere, 'c.yaml'), '--agents', '9', '--budget-usd', '1', '--source', 'mine.c');
    rmSync(elsewhere, { recursive: true });
    expect(spec).toMatchObject({ agents: 9, budget: { usd: 1, minutes: 3 }, start: { seeds: 'none' } });
    expect(spec.start.sources.map(({ source }) => source)).toEqual(['void g(void) {}', 'void f(void) {}']);
  });

  test.each([
    [['--problem', 'vector_add'], 'no limit is given: use at least one of --budget-usd'],
    [['--budget-usd', '1'], 'no problem is named'],
    [['missing.yaml'], 'missing.yaml cannot be read'],
    [
      [...SMALL, '--problem', 'a', 'b', '--source', 'mine.c'],
      'say which problem it solves: --source PROBLEM=FILE (vector_add, a, b)',
    ],
    [[...SMALL, '--generator', 'gpt'], 'no generator "gpt"'],
    [[...SMALL, '--name', 'x'.repeat(81)], 'name: Too big'],
  ])('refuses %j in one line that says what to do', async (args, message) => {
    const run = await kiln('campaign', 'start', ...args);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(message);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });

  test.each([
    ['--budget-usd', '0'],
    ['--budget-usd', '-3'],
    ['--minutes', 'ten'],
    ['--generator', '=2'],
    ['--generator', 'evolve=none'],
    ['--agents', '0'],
  ])('takes %s %s for a wrong command line', async (option, value) => {
    expect((await kiln('campaign', 'start', ...SMALL, option, value)).code).toBe(2);
  });
});

describe('a campaign that is there', () => {
  test('is listed, shown and turned, with nothing in its text that a terminal obeys', async () => {
    expect((await kiln('campaign', 'list')).stdout).toBe('no campaigns\n');
    const { id } = await start(...SMALL);
    server.campaigns.become(CampaignId.parse(id), FOUND);
    expect((await kiln('campaign', 'list')).stdout).toMatch(
      /^k-\w+ +running +2\/8 +3 +5 +10 of 10 candidates +vector_add 2\.50x +the queue holds 4\.8 s/m,
    );
    const { stdout } = await kiln('campaign', 'show', id);
    expect(stdout).toMatch(/^used +10 of 10 candidates, \$1\.50, 0\.50 GPU minutes, 2\.0 minutes/m);
    expect(stdout).toMatch(/^no candidate +2 refused$/m);
    expect(stdout).toMatch(/^vector_add +H100 +1\.00x +2\.50x +1 +c-1+ +evolve +wide loads$/m);
    expect(stdout).not.toContain('\u001b');
    expect((await kiln('campaign', 'pause', id)).stdout).toMatch(/^status +paused/m);
    expect((await kiln('campaign', 'resume', id)).stdout).toMatch(/^status +running/m);
    expect((await kiln('campaign', 'stop', id)).stdout).toMatch(/^status +stopped: stopped by a person/m);
    expect(await kiln('campaign', 'resume', id)).toMatchObject({ code: 1, stdout: '' });
  });

  test('is watched until it ends: a line for what changed, then all about it', async () => {
    const { id } = await start(...SMALL);
    let looks = 0;
    server.campaigns.onView((viewed) => {
      looks += 1;
      if (looks === 1)
        server.campaigns.become(viewed, { ...FOUND, status: 'finished', reason: 'budget: 10 candidates are judged' });
    });
    const run = await kiln('campaign', 'watch', id);
    expect(run.code).toBe(0);
    expect(run.stderr.trim().split('\n')).toHaveLength(2);
    expect(run.stderr).toContain('vector_add 2.50x');
    expect(run.stdout).toMatch(/^status +finished: budget: 10 candidates are judged$/m);
  });

  test('is watched as JSON, one view a line', async () => {
    const { id } = await start(...SMALL);
    server.campaigns.onView((viewed) => server.campaigns.become(viewed, { status: 'stopped', reason: 'stopped by a person' }));
    const run = await kiln('campaign', 'watch', id, '--json');
    const views = run.stdout.trim().split('\n');
    expect(views.map((line) => (JSON.parse(line) as CampaignView).status).at(-1)).toBe('stopped');
  });

  test('reports to standard output, or to a folder with a plot for each problem', async () => {
    const { id } = await start('--problem', 'vector_add', 'softmax', '--minutes', '1');
    expect((await kiln('campaign', 'report', id)).stdout).toBe(`# Campaign ${id}\n`);
    expect(await kiln('campaign', 'report', id, '--out', '/dev/null/one')).toMatchObject({
      code: 1,
      stderr: 'error: /dev/null/one: a part of the path is no folder (ENOTDIR)\n',
    });
    const run = await kiln('campaign', 'report', id, '--out', 'reports/one');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(folder, 'reports/one')).toSorted()).toEqual(['report.md', 'softmax.svg', 'vector_add.svg']);
    expect(readFileSync(join(folder, 'reports/one/softmax.svg'), 'utf8')).toContain('<title>softmax</title>');
  });

  test('reports to a folder with the best source, and what is needed to submit it again', async () => {
    const source = '__global__ void best() {}';
    const { candidates } = await server.kiln.submit([
      SubmitCandidate.parse({ problem: 'vector_add', source, params: { BLOCK: 64 } }),
    ]);
    const candidateId = CandidateId.parse(candidates[0]?.id);
    const { id } = await start('--problem', 'vector_add', '--minutes', '1');
    const best = { candidateId, speedup: 1.5, language: 'cuda' as const, generator: 'evolve', idea: '', lineage: [candidateId] };
    server.campaigns.become(CampaignId.parse(id), {
      best: [{ problem: 'vector_add', device: 'H100', best, startSpeedup: null }],
    });
    expect((await kiln('campaign', 'report', id, '--out', 'r')).code).toBe(0);
    expect(readFileSync(join(folder, 'r/best-vector_add-H100.cu'), 'utf8')).toBe(source);
    expect(JSON.parse(readFileSync(join(folder, 'r/best-vector_add-H100.json'), 'utf8'))).toEqual({
      candidateId,
      problem: 'vector_add',
      device: 'H100',
      language: 'cuda',
      speedup: 1.5,
      params: { BLOCK: 64 },
    });
  });
});

test.skipIf(!hasScript)(`watch redraws a screen on a terminal and leaves the last one there${SCRIPT_MISSING}`, async () => {
  const { id } = await start(...SMALL);
  server.campaigns.onView((viewed) => {
    if (server.campaigns.views(viewed) === 2)
      server.campaigns.become(viewed, { ...FOUND, status: 'finished', reason: 'all judged' });
  });
  const child = spawn(SCRIPT, ['-qec', `${process.execPath} ${MAIN} campaign watch ${id}`, '/dev/null'], {
    env: { ...process.env, KILN_URL: server.url, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(shown.match(/q ends the watching, not the campaign/g)?.length).toBeGreaterThan(1);
  const after = shown.slice(shown.lastIndexOf(LEAVE_SCREEN) + LEAVE_SCREEN.length);
  expect(after).toContain('finished: all judged');
  expect(after).not.toContain('q ends');
});

test('generators tells what there is, and what is missing for the rest', async () => {
  const { stdout } = await kiln('generators');
  expect(stdout).toMatch(/^evolve +evolve +yes +ready$/m);
  expect(stdout).toMatch(/^claude +claude +ANTHROPIC_API_KEY is not set: export it$/m);
});
