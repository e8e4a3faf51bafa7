import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { CreateSweep } from '../../../src/domain/api/sweeps.ts';
import { CandidateId } from '../../../src/domain/ids.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { type CliRun, environmentOf, runCli } from '../../support/server/run-cli.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');
const SWEPT = '/* kiln\nparams: {BLOCK: 64}\nlaunch: [{kernel: f, args: []}]\n*/';
const UNKNOWN = `c-${'0'.repeat(32)}`;
let server: FakeServer;
let folder: string;
beforeEach(async () => {
  server = await serveFake();
  folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'));
  writeFileSync(join(folder, 'good.c'), 'void f(void) {}');
  writeFileSync(join(folder, 'bad.cu'), '__global__ void f() {}');
  writeFileSync(join(folder, 'swept.c'), SWEPT);
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const kiln = (...args: string[]): Promise<CliRun> => runCli(args, { url: server.url, cwd: folder });
const submitted = async (...args: string[]): Promise<CandidateId[]> => {
  const run = await kiln('submit', '--problem', 'vector_add', '--json', ...args);
  const answer = JSON.parse(run.stdout) as { candidates: { id: string }[] };
  return answer.candidates.map(({ id }) => CandidateId.parse(id));
};
const linesOf = ({ stdout }: Pick<CliRun, 'stdout'>): readonly Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
/** Judges whatever comes: .c passes, the rest does not compile. */
const judgeAll = (): void => {
  server.kiln.onSubmit((id, { language, params }) => {
    setImmediate(() => {
      const speedup = 1 + Number(params['BLOCK'] ?? 0) / 1000;
      if (language === 'c') server.kiln.finish(id, passed(speedup), score(speedup));
      else server.kiln.finish(id, { verdict: 'compile_error', log: 'x.cu:1: error: \u001b[31mno\u001b[0m such thing' });
    });
  });
};

describe('submit', () => {
  test('sends files with language and device by their ending, and prints their ids', async () => {
    const wishes = ['--param', 'BLOCK=64', '--priority', '5', '--label', 'lab'];
    const run = await kiln('submit', 'good.c', 'bad.cu', '-p', 'vector_add', ...wishes);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^FILE {4}CANDIDATE +STATUS\ngood\.c {2}c-[0-9a-f]{32} {2}queued\nbad\.cu {2}c-[0-9a-f]{32} {2}queued\n$/,
    );
    const { candidates } = await server.kiln.candidates({ limit: 9 });
    expect(candidates.map(({ submission }) => [submission.language, submission.device])).toEqual([
      ['c', 'cpu'],
      ['cuda', 'H100'],
    ]);
    expect(candidates[0]?.submission).toMatchObject({ params: { BLOCK: 64 }, priority: 5, labels: ['lab'] });
  });

  test('--json prints the answer of the API and nothing else', async () => {
    const run = await kiln('submit', 'good.c', '-p', 'vector_add', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({
      candidates: [{ known: false, status: 'queued', verdict: null, message: null }],
    });
    expect(run.stdout.trim().split('\n')).toHaveLength(1);
  });

  test('tells at once when no device of the fleet can take it', async () => {
    const run = await kiln('submit', 'bad.cu', '-p', 'vector_add', '--device', 'A100');
    expect(run).toMatchObject({
      code: 0,
      stderr: 'waiting: no host of the fleet has this device class (kiln fleet shows the hosts)\n',
    });
    const [, id = ''] = /(c-[0-9a-f]{32})/.exec(run.stdout) ?? [];
    expect((await kiln('show', id)).stdout).toMatch(/waits +no host of the fleet has this device class/);
  });

  test('--watch waits for every verdict, says why one failed, and exits with 3', async () => {
    judgeAll();
    const run = await kiln('submit', 'good.c', 'bad.cu', '-p', 'vector_add', '--watch');
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/good\.c {2}c-\w+ {2}passed {2}1\.00x \[0\.98, 1\.02\] {2}73\.0 µs {2}50 % of the floor/);
    expect(run.stdout).toMatch(/bad\.cu {2}c-\w+ {2}compile_error {2}x\.cu:1: error: no such thing/);
    expect(run.stderr).toContain('1 of 2 did not pass');
  });

  test('--watch --json prints a line for each state, then the record, and exits with 0 when all passed', async () => {
    judgeAll();
    const run = await kiln('submit', 'good.c', '-p', 'vector_add', '--watch', '--json');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const [state, record] = linesOf(run);
    expect(state).toMatchObject({ event: 'state', file: 'good.c', status: 'queued' });
    expect(record).toMatchObject({ id: state?.['id'], state: { status: 'done' } });
  });

  test('--watch --json says why nothing moves', async () => {
    const child = spawn(process.execPath, [MAIN, 'submit', 'bad.cu', '-p', 'vector_add', '-d', 'A100', '--watch', '--json'], {
      cwd: folder,
      env: environmentOf({ url: server.url }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    await expect.poll(() => stdout.split('\n').length).toBe(3);
    expect(linesOf({ stdout })).toMatchObject([
      { event: 'state', file: 'bad.cu', status: 'queued' },
      { event: 'waiting', device: 'A100', reason: 'no host of the fleet has this device class' },
    ]);
  });

  test.each([
    [['submit', 'bad.cu', '-p', 'vector_add', '-d', 'A100', '--watch'], 'kiln show c-'],
    [['sweep', 'swept.c', '-p', 'vector_add', '--space', 'BLOCK=64,128', '-d', 'A100', '--watch'], 'kiln sweep show s-'],
    [['watch'], 'kiln watch'],
  ])('kiln %j ends at its --timeout, with a status of its own', async (args, goOn) => {
    const run = await kiln(...args, '--timeout', '1500ms');
    expect(run.code).toBe(4);
    expect(run.stderr).toContain(`not done after 1.5 s, and goes on: ${goOn}`);
  });

  test('kiln watch and kiln profile of a candidate end at their --timeout', async () => {
    const [id = ''] = await submitted('good.c');
    expect(await kiln('watch', id, '--timeout', '1s')).toMatchObject({ code: 4 });
    server.kiln.finish(CandidateId.parse(id), passed(2), score(2));
    expect(await kiln('profile', id, '--timeout', '1s')).toMatchObject({ code: 4 });
  });

  test('what is in time is not told of', async () => {
    judgeAll();
    expect(await kiln('submit', 'good.c', '-p', 'vector_add', '--watch', '--timeout', '1h')).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test('what has its verdict at once waits for nothing, and exits with 3 where it did not pass', async () => {
    await submitted('bad.cu', '-d', 'A100');
    const { candidates } = await server.kiln.candidates({ limit: 9 });
    for (const { id } of candidates) server.kiln.finish(id, { verdict: 'plan_error', field: 'launch', message: 'no' });
    const run = await kiln('submit', 'bad.cu', '-p', 'vector_add', '-d', 'A100');
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('1 of 1 did not pass: kiln show ID') as unknown });
    expect(await kiln('submit', 'bad.cu', '-p', 'vector_add', '-d', 'A100', '--json')).toMatchObject({ code: 3, stderr: '' });
    expect(run.stdout).toMatch(/plan_error, known/);
    expect(run.stderr).not.toContain('waiting');
    expect(run.stderr).toContain('--trial NUMBER judges it once more');
  });

  test.each([
    [['submit', 'none.c', '-p', 'vector_add'], 'error: none.c cannot be read (ENOENT): check the path\n'],
    [['submit', 'good.c', '-p', 'nope'], 'error: no problem "nope": known are vector_add\n'],
    [['submit', 'good.c'], 'error: good.c: which problem does it solve? Give --problem NAME (kiln problems lists them)\n'],
    [
      ['show', 's-0000', '--format', 'popcorn'],
      'error: s-0000 is a sweep: only a candidate has a verdict (kiln list finds them)\n',
    ],
    [
      ['rank', 'vector_add', '--format', 'kernelbench'],
      'error: vector_add has no number of KernelBench in its name, as level1_19_relu has\n',
    ],
    [['show', UNKNOWN], `error: no candidate ${UNKNOWN}: list them with GET /v1/candidates\n`],
    [
      ['show', 'c-1'],
      'error: params.id: a candidate id is "c-" and 32 hex digits, or the first 4 or more of them; /docs shows what is expected\n',
    ],
    [['show', 'c-abcd'], "error: no candidate's id begins with c-abcd\n"],
    [['show', 's-0000', '--source'], 'error: s-0000 is a sweep: only a candidate has a source (kiln list finds them)\n'],
    [['rank', 'nope'], 'error: there is no problem "nope"; known are vector_add\n'],
  ])('kiln %j fails with one line and exit 1', async (args, stderr) => {
    expect(await kiln(...args)).toEqual({ code: 1, stdout: '', stderr });
  });

  test('a file whose language nobody can tell is refused with what to do', async () => {
    writeFileSync(join(folder, 'x.txt'), 'x');
    expect(await kiln('submit', 'x.txt', '-p', 'vector_add')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--language') as unknown,
    });
    expect(await kiln('submit', 'x.txt', '-p', 'vector_add', '--language', 'cuda')).toMatchObject({ code: 0 });
  });

  test.each([
    [['submit', 'good.c', '-p', 'x', '--param', 'BLOCK'], 'NAME=VALUE'],
    [['submit', 'good.c', '-p', 'x', '--priority', '0'], 'from 1 to 2000000'],
    [['sweep', 'swept.c', '-p', 'vector_add', '--space', 'BLOCK=8..4'], 'goes down'],
    [['sweep', 'swept.c', '-p', 'vector_add', '--plateau', 'soon'], 'VERDICTS:PERCENT'],
    [['list', '--verdict', 'great'], 'Allowed choices'],
    [['rank'], "missing required argument 'problem'"],
    [['nothing'], "unknown command 'nothing'"],
    [['queue', '--nothing'], "unknown option '--nothing'"],
  ])('kiln %j is a usage error: exit 2', async (args, message) => {
    const run = await kiln(...args);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(message);
  });
});

describe('a public submission', () => {
  test('goes to the problem that its header names, unchanged', async () => {
    const source = '#!POPCORN leaderboard vector-add\n#!POPCORN gpus H100\n\ndef custom_kernel(data):\n    return data\n';
    writeFileSync(join(folder, 'submission.py'), source);
    const run = await kiln('submit', 'submission.py', '--json');
    expect(run.code).toBe(0);
    const [{ id = '' } = {}] = (JSON.parse(run.stdout) as { candidates: { id?: string }[] }).candidates;
    const { stdout } = await kiln('show', id, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ submission: { problem: 'vector_add', language: 'python' } });
    expect((await kiln('show', id, '--source')).stdout).toBe(source);
  });
});

describe('looking', () => {
  test('show --format popcorn prints the verdict in lines of key and value', async () => {
    const [good = '', bad = ''] = await submitted('good.c', 'bad.cu');
    server.kiln.finish(CandidateId.parse(good), passed(2), score(2));
    server.kiln.finish(CandidateId.parse(bad), { verdict: 'compile_error', log: 'x.cu:1: error: no such thing' });
    const lines = (await kiln('show', good, '--format', 'popcorn')).stdout.split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'test-count: 1',
      'test.0.spec: n: 7',
      'test.0.status: pass',
      'benchmark-count: 1',
      'benchmark.0.spec: n: 1024',
    ]);
    expect(lines).toContain('benchmark.0.mean: 36500');
    expect(lines.slice(-2)).toEqual(['check: pass', '']);
    const failed = (await kiln('show', bad, '--format', 'popcorn')).stdout;
    expect(failed).toMatch(/^test-count: 1\n.*test\.0\.status: fail\ntest\.0\.error: compile_error: .*\ncheck: fail\n$/s);
  });

  test('show prints state, cases, attempts and the log without its control characters', async () => {
    const [good, bad] = await submitted('good.c', 'bad.cu');
    if (!good || !bad) throw new Error('two ids expected');
    server.kiln.finish(good, passed(2), score(2));
    server.kiln.finish(bad, { verdict: 'compile_error', log: 'x.cu:1: error: \u001b[31mno' });
    const first = await kiln('show', good);
    expect(first.stdout).toMatch(/status +passed\nresult +2\.00x \[1\.96, 2\.04\]/);
    expect(first.stdout).toMatch(/BASELINE +LIBRARY +SPEED-UP/);
    expect(first.stdout).toMatch(
      /big +36\.5 µs +\[36\.1 µs, 36\.9 µs\] +73\.0 µs +18\.0 µs +2\.00x \[1\.96, 2\.04\] +100 +paired/,
    );
    expect(first.stdout).toMatch(/library +torch 2\.11\.0, CUDA 13\.0, driver 580\.65\n/);
    const second = await kiln('show', bad);
    expect(second.stdout).toContain('why        x.cu:1: error: no');
    expect(second.stdout).toContain('compile log:\n  x.cu:1: error: no\n');
    expect(JSON.parse((await kiln('show', good, '--json')).stdout)).toEqual(await server.kiln.candidate(good));
    expect((await kiln('show', good, '--source')).stdout).toBe('void f(void) {}');
  });

  test('show takes the beginning of an id, and the id of a sweep', async () => {
    const candidate = SubmitCandidate.parse({ problem: 'vector_add', source: 'x' });
    const [id = ''] = (await server.kiln.submit([candidate])).candidates.map((one) => one.id);
    const sweep = await server.sweeps.create(
      CreateSweep.parse({ candidate: { ...candidate, source: SWEPT }, space: { BLOCK: [1, 2] } }),
    );
    expect((await kiln('show', id.slice(0, 12))).stdout).toContain(id);
    expect((await kiln('show', sweep.id)).stdout).toMatch(/^sweep s-\w+ {2}vector_add on H100 {2}0 of 2 done/);
  });

  test('rank prints places with interval, time and share of the floor, and what failed', async () => {
    const [good, bad] = await submitted('good.c', 'bad.cu');
    if (!good || !bad) throw new Error('two ids expected');
    server.kiln.finish(good, passed(1.5), score(1.5));
    server.kiln.finish(bad, { verdict: 'cancelled' });
    const run = await kiln('rank', 'vector_add', '--device', 'H100');
    expect(run.stdout).toMatch(
      /^vector_add on NVIDIA H100 80GB HBM3\nlibrary on NVIDIA H100 80GB HBM3 \(torch .*\): big 18\.0 µs\n#/,
    );
    expect(run.stdout).toMatch(/1 +1\.50x +\[1\.47, 1\.53\] +1\.50x +48\.7 µs +50 % +\w+ +c-\w+ +c +anonymous +record/);
    expect(run.stdout).toContain('did not pass: 1 cancelled');
  });

  test('rank and show say of a program what its time to answers leaves open, in a list of its own', async () => {
    const [kernel, program] = await submitted('good.c', 'bad.cu');
    if (!kernel || !program) throw new Error('two ids expected');
    server.kiln.finish(kernel, passed(1.5), score(1.5));
    const answers = { semantics: 'released', uncertaintyNs: 8_400, share: 0.03 } as const;
    server.kiln.finish(program, passed(3), { ...score(3), timeNs: 300_000, answers });
    const run = await kiln('rank', 'vector_add', '--class', 'program');
    expect(run.stdout).toMatch(/^vector_add on NVIDIA H100 80GB HBM3, programs by the time to their answers\n#/);
    expect(run.stdout).toMatch(/1 +3\.00x .* 300 µs ± 8\.40 µs .* by answers \(released\) +c-/);
    expect(run.stdout).not.toContain(kernel);
    expect((await kiln('rank', 'vector_add')).stdout).not.toContain(program);
    expect((await kiln('show', program)).stdout).toContain('time to answers 300 µs ± 8.40 µs, released');
    expect((await kiln('rank', 'vector_add', '--class', 'any')).code).toBe(2);
  });

  test('queue and fleet say what is blocked and what cannot be reached', async () => {
    const queue = await kiln('queue');
    expect(queue.stdout).toContain('3 queued, 1 compiling, 0 ready, 1 judging, 0 confirming');
    expect(queue.stdout).toMatch(/A100 +2 +0 +0 +- +no host of the fleet has this device class/);
    const fleet = await kiln('fleet');
    expect(fleet.stdout).toMatch(/box +connected +root@10\.0\.0\.5:22 +1\.50 ms/);
    expect(fleet.stdout).toContain('far: connection refused: is sshd running? (next try at 2026');
    expect((await kiln('top')).stdout).toContain('3 queued');
  });

  test('problems and list', async () => {
    await submitted('good.c');
    expect((await kiln('problems')).stdout).toMatch(/vector_add +cpu, gpu +Add two vectors/);
    const one = (await kiln('problems', 'vector_add')).stdout;
    expect(one).toMatch(/out +out +f32 +\[n\]/);
    expect(one).toMatch(/^library on NVIDIA H100 80GB HBM3 .*: big 18\.0 µs$/mu);
    expect(one).toMatch(/^no library time on NVIDIA A100-SXM4-80GB: not measured yet/mu);
    expect((await kiln('list', '--limit', '5')).stdout).toMatch(/c-\w+ +vector_add +cpu +anonymous +2026-01-02T03:04:05 +queued/);
    expect((await kiln('list', '--submitter', 'nobody')).stdout).toBe('no candidates\n');
  });

  test('watch follows a candidate to its end', async () => {
    const [id] = await submitted('good.c');
    if (!id) throw new Error('an id expected');
    const run = kiln('watch', id, '--json');
    server.kiln.emit('candidate.compiling', id);
    server.kiln.finish(id, { verdict: 'cancelled' });
    const { stdout, code } = await run;
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['candidate.queued', 'candidate.compiling', 'candidate.done']);
    expect((await kiln('watch', id)).stdout).toContain(`03:04:05.000 candidate.done ${id} verdict=cancelled`);
  });
});

describe('acting', () => {
  test('cancel stops a candidate, and says so when it is done already', async () => {
    const [id = ''] = await submitted('good.c');
    expect(await kiln('cancel', id)).toEqual({ code: 0, stdout: `${id}  done\n`, stderr: '' });
    expect(await kiln('cancel', id)).toMatchObject({ code: 1, stderr: `error: candidate ${id} is done already\n` });
  });

  test('pause, resume, reprioritise and cancel change what is selected, and a dry run names it', async () => {
    const [one = '', two = ''] = await submitted('good.c', 'bad.cu');
    const dry = await kiln('pause', one, two.slice(0, 12), '--dry-run');
    expect(dry.stdout).toContain('2 of 2 candidates would be paused; nothing was changed');
    expect((await kiln('pause', one, '--reason', 'lunch')).stdout).toContain('1 of 1 candidate paused');
    expect((await kiln('why', one)).stdout).toMatch(/it is paused since .*\nto do: kiln resume lets it be judged/);
    expect((await kiln('pause', one, two)).stdout).toContain(
      '1 of 2 candidates paused\n1 stay as they are: they are paused already',
    );
    expect((await kiln('resume', one, two)).stdout).toContain('2 of 2 candidates resumed');
    expect((await kiln('reprioritise', one, '--priority', '7')).stdout).toContain('1 of 1 candidate given the priority');
    expect(await kiln('reprioritise', one)).toMatchObject({ code: 2, stderr: expect.stringContaining('--priority') as string });
    const cancelled = await kiln('cancel', one, two, '--json');
    expect(JSON.parse(cancelled.stdout)).toMatchObject({ action: 'cancel', changed: 2 });
    expect((await kiln('rejudge', one, '--reason', 'by mistake')).stdout).toContain('1 of 1 candidate judged again');
    expect(await kiln('rejudge', one)).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') as string });
  });

  test('what steers says that something must be selected, and what is not there', async () => {
    for (const command of [['pause'], ['cancel', '--dry-run'], ['rejudge', '--reason', 'none']]) {
      expect(await kiln(...command)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: say which: ids, or .* --sweep ID, .*; --all means every one\n$/u) as string,
      });
    }
    expect(await kiln('why', 'c-0000')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('begins with c-0000') as string,
    });
    expect((await kiln('cancel', '--problem', 'nothing-of-this')).stdout).toContain('no candidate meets that');
  });
});

describe('reaching the daemon', () => {
  test('none there: says how to start one', async () => {
    const { url } = server;
    const run = await runCli(['queue', '--url', 'http://127.0.0.1:1']);
    expect(run).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: no daemon at http://127.0.0.1:1: start one with ./kiln up, or name another with --url or KILN_URL\n',
    });
    expect((await runCli(['queue', '--url', url])).code).toBe(0);
  });

  test('the configured address and token of this project are the default', async () => {
    const own = await serveFake({ config: { token: 'a-token-of-sixteen-characters' } });
    const env = { KILN_PORT: String(own.port) };
    expect(await runCli(['queue'], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--token or KILN_TOKEN') as unknown,
    });
    expect(await runCli(['queue'], { env: { ...env, KILN_TOKEN: 'a-token-of-sixteen-characters' } })).toMatchObject({ code: 0 });
    expect(await runCli(['queue', '--token', 'a-token-of-sixteen-characters'], { url: own.url })).toMatchObject({ code: 0 });
    await own.stop();
  });
});
