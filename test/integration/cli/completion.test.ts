import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../support/server/run-cli.ts';

const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
let folder: string;
const fileOf = (shell: string): string => join(folder, `kiln.${shell}`);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await runCli(['completion', shell]);
    writeFileSync(fileOf(shell), stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash itself would offer after these words. */
const bashOffers = (...words: string[]): readonly string[] => {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _kiln; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', fileOf('bash'), 'kiln', ...words], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
};

describe.skipIf(!isThere('bash'))('completion in bash (skipped without it)', () => {
  test.each([
    [['ca'], ['campaign', 'cancel']],
    [['campaign', 'sta'], ['start']],
    [
      ['campaign', 're'],
      ['report', 'resume'],
    ],
    [['completion', ''], ['']],
    [
      ['--json', 'sub'],
      ['submit', 'submitter'],
    ],
    [['submit', 'x.cu', '--wat'], ['--watch']],
    [['campaign', 'start', '--budget-g'], ['--budget-gpu-minutes']],
    [['list', '--status', 'j'], ['judging']],
    [
      ['submit', '--language', ''],
      ['cuda', 'triton', 'c', 'python'],
    ],
    [['submit', '--problem', '--wat'], ['']],
    [['nothing', '--js'], ['--json']],
  ])('after %j', (words, offered) => {
    expect(bashOffers(...words)).toEqual(offered);
  });
});

test.skipIf(!isThere('zsh'))('zsh reads it, and offers the commands (skipped without it)', () => {
  expect(spawnSync('zsh', ['-f', '-n', fileOf('zsh')], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  const script = `compdef() { : }; _describe() { print -l -- $1 \${(P)2} }; _files() { print files }
    source "$1"; shift; words=("$@"); CURRENT=\${#words}; _kiln`;
  const offered = spawnSync('zsh', ['-f', '-c', script, 'zsh', fileOf('zsh'), 'kiln', 'campaign', ''], { encoding: 'utf8' });
  expect(offered.stderr).toBe('');
  expect(offered.stdout).toContain('start:start agents on some problems');
});

test.skipIf(!isThere('fish'))('fish reads it, and completes (skipped without it)', () => {
  expect(spawnSync('fish', ['--no-config', '--no-execute', fileOf('fish')], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
  const ask = (line: string) =>
    spawnSync('fish', ['--no-config', '-c', `source ${fileOf('fish')}; complete -C '${line}'`], { encoding: 'utf8' }).stdout;
  expect(ask('kiln campaign sta')).toContain('start\tstart agents on some problems');
  expect(ask('kiln submit --wat')).toContain('--watch');
  expect(ask('kiln list --status ju')).toContain('judging');
});

test('another shell is a usage error', async () => {
  expect(await runCli(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
});
