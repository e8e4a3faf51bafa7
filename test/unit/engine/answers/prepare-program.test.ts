import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../../src/domain/environment.ts';
import { HostId } from '../../../../src/domain/ids.ts';
import { Program } from '../../../../src/domain/program.ts';
import { type HostEnvironments, prepareProgram } from '../../../../src/engine/answers/prepare-program.ts';
import { TORCH as RECORDING } from '../../../support/torch-environment.ts';

const SOURCE = 'def custom_kernel(data):\n    return data\n';
const PROGRAM = Program.parse({ entry: { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' } });
const TORCH: Environment = { ...RECORDING, recorder: 'none' };
const host = (name: string, ...environments: readonly Environment[]): HostEnvironments => ({
  host: HostId.parse(name),
  environments,
});
const withFiles = (...paths: readonly string[]): Program => ({
  ...PROGRAM,
  files: paths.map((path) => ({ path, content: 'x = 1\n' })),
});

describe('a program', () => {
  test.each<[string, readonly HostEnvironments[], string]>([
    ['of an environment that no host has', [host('a')], 'no host of the fleet has an environment "torch"'],
    ['of a host without a recorder', [host('a', TORCH), host('b')], 'a has no recorder for environment "torch"'],
    ['of hosts without a recorder', [host('a', TORCH), host('b', TORCH)], 'a, b have no recorder'],
  ])('%s is kept with the verdict that says so', (_, hosts, words) => {
    const { content, outcome } = prepareProgram(SOURCE, PROGRAM, hosts);
    expect(content).toEqual({ ...PROGRAM, environmentKey: null });
    expect(outcome?.verdict === 'contract' && outcome.message).toContain(words);
  });

  test('has the key of its environment in its content where it can be recorded, so that it is another candidate then', () => {
    const { content, outcome } = prepareProgram(SOURCE, PROGRAM, [host('a'), host('b', { ...TORCH, recorder: 'cupti' })]);
    expect([content.environmentKey, outcome]).toEqual([TORCH.key, null]);
    const unheld: Environment = { ...TORCH, recorder: 'cupti', sandbox: { ...TORCH.sandbox, level: 'none' } };
    expect(prepareProgram(SOURCE, PROGRAM, [host('a', unheld)]).content.environmentKey).toBeNull();
  });

  test.each<[string, Program | undefined, RegExp]>([
    ['no entry', undefined, /program: .*entry/u],
    ['two files of one name', withFiles('part.py', 'Part.py'), /two files have one name/u],
    ['its entry among the others', withFiles('submission.py'), /two files have one name/u],
    ['a file that is a folder too', withFiles('part', 'part/x.py'), /part is a file and a folder/u],
    ['too much of it', { ...PROGRAM, files: [{ path: 'big.py', content: '#'.repeat(1024 * 1024) }] }, /the limit is 1048576/u],
  ])('with %s is refused', (_, program, words) => {
    expect(() => prepareProgram(SOURCE, program, [])).toThrow(words);
  });

  test.each(['../x.py', '/etc/x.py', '.x.py', 'a//b.py', 'a/../b.py', ''])('has no file called %j', (path) => {
    expect(Program.safeParse({ ...PROGRAM, files: [{ path, content: '' }] }).success).toBe(false);
  });
});
