import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCommand } from '../../../src/agents/generators/command.ts';
import type { GenerationContext } from '../../../src/domain/campaign/generation-context.ts';
import { contextOf, exhibitOf } from '../../support/agents/contexts.ts';
import { HANG_MS } from '../../support/limits.ts';

const source =
  '/* kiln\nparams: {A: 1, B: 8}\nspace: {A: [2, 3]}\nlaunch: [{kernel: copy, args: [x, y, n]}]\n*/\nvoid copy(void) {}\n';
const context = contextOf({ parents: [exhibitOf(source, { A: 1, B: 8 })] });

const node = (script: string) => [process.execPath, '-e', script] as const;
const writing = (text: string) => node(`process.stdout.write(${JSON.stringify(text)})`);
const ask = async (
  argv: readonly [string, ...string[]],
  change: { timeoutMs?: number; context?: GenerationContext; signal?: AbortSignal } = {},
) =>
  createCommand({ name: 'mine', argv, timeoutMs: change.timeoutMs ?? HANG_MS, env: process.env }).next(
    change.context ?? context,
    change.signal ?? new AbortController().signal,
  );
const isAlive = (pid: number): boolean => {
  const stat = (() => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8');
    } catch {
      return '';
    }
  })();
  return stat !== '' && !/\) Z /.test(stat);
};

describe('a program', () => {
  test('may write a bare source file, whose language is told by its plan', async () => {
    expect(await ask(writing(`\n${source}`))).toMatchObject({ ok: true, draft: { language: 'c', params: {} } });
    const python = '"""kiln\nlaunch: [{kernel: copy, args: [x]}]\n"""\n';
    expect(await ask(writing(python))).toMatchObject({ ok: true, draft: { language: 'triton' } });
  });

  test('gets the context whole and may answer without reading it', async () => {
    const echo = node(`let t='';process.stdin.on('data',(d)=>t+=d).on('end',()=>{const c=JSON.parse(t);
      process.stdout.write(JSON.stringify({language:'c',source:c.parents[0].source,idea:c.problem.name+c.seed}))})`);
    const large = contextOf({ parents: [exhibitOf(source)], statement: 'x'.repeat(500_000), seed: 42 });
    expect(await ask(echo, { context: large })).toMatchObject({ ok: true, draft: { source, idea: 'copy42' } });
    expect(await ask(['sh', '-c', 'exec 0<&-; printf "%s" "$0"', source], { context: large })).toMatchObject({ ok: true });
  });

  test('may pass on what a model wrote, prose and all', async () => {
    const prose = `Here it is:\n\n\`\`\`c\n${source}\`\`\`\nand the draft:\n${JSON.stringify({ language: 'c', source, idea: 'x' })}\n`;
    expect(await ask(writing(prose))).toMatchObject({ ok: true, draft: { language: 'c', source, idea: 'x' } });
  });

  test('is not read by a shell', async () => {
    expect(await ask(['printf', '%s', '$(echo /* kiln)'])).toMatchObject({ failure: 'malformed' });
  });

  test.each([
    ['nothing', '', 'malformed', 'wrote nothing'],
    ['prose', 'Here is your kernel!', 'malformed', 'no launch plan'],
    ['half of a JSON object', '{"language": "c"', 'malformed', 'begins like JSON'],
    ['a draft without a source', '{"language": "c"}', 'malformed', "the draft's source: is missing"],
    ['a field too many', `{"language": "c", "source": "x", "shell": "rm"}`, 'malformed', 'shell'],
    ['a plan that is none', '/* kiln\nlaunch: 7\n*/', 'malformed', 'launch: '],
  ])('that writes %s gives no draft, and a clear reason', async (_what, text, failure, message) => {
    expect(await ask(writing(text))).toMatchObject({ ok: false, failure, message: expect.stringContaining(message) as string });
  });

  test('that writes another language than is asked for is refused', async () => {
    const answer = await ask(writing(JSON.stringify({ language: 'triton', source })), {
      context: { ...context, languages: ['c'] },
    });
    expect(answer).toMatchObject({
      failure: 'rejected',
      message: expect.stringContaining('it wrote triton; here it is c') as string,
    });
  });

  test('that is not there, or ends with an error, is unavailable', async () => {
    expect(await ask(['/nonexistent/agent'])).toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('ENOENT') as string,
    });
    expect(await ask(['sh', '-c', 'echo why >&2; exit 3'])).toMatchObject({
      failure: 'unavailable',
      message: 'sh: it ended with code 3: why',
    });
  });

  test('that writes without end is ended', async () => {
    expect(await ask(['yes'])).toMatchObject({ failure: 'malformed', message: 'yes: it wrote more than 1048576 bytes' });
  });

  test('that takes too long is ended', async () => {
    expect(await ask(['sh', '-c', 'sleep 300 & wait'], { timeoutMs: 400 })).toMatchObject({
      failure: 'timed_out',
      message: 'sh: no answer within 400 ms',
    });
  });

  test('is ended with all it started when the campaign stops', async () => {
    const abort = new AbortController();
    const child = node(
      `const c=require('child_process').spawn('sleep',['300']);require('fs').writeFileSync(process.argv[1],String(c.pid))`,
    );
    const folder = mkdtempSync(join(tmpdir(), 'kiln-command-'));
    const file = join(folder, 'pid');
    const answer = ask([...child, file], { signal: abort.signal });
    await expect.poll(() => pidIn(file)).toBeGreaterThan(0);
    const pid = pidIn(file);
    expect(isAlive(pid)).toBe(true);
    abort.abort();
    expect(await answer).toMatchObject({ failure: 'stopped' });
    await expect.poll(() => isAlive(pid)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

const pidIn = (file: string): number => {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
};
