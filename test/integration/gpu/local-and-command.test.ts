import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runnerEnvironment } from '../../../src/gpu/process-environment.ts';
import { buildRunnerArchive } from '../../../src/gpu/runner-archive.ts';
import { createCommandTransport } from '../../../src/gpu/transports/command.ts';
import { createLocalTransport } from '../../../src/gpu/transports/local.ts';
import { FAKE_RUNNER, transportConformance } from './transport.conformance.ts';

const env = runnerEnvironment();
transportConformance({ name: 'local', create: (folder, archive) => createLocalTransport({ folder, archive, env }) });
transportConformance({
  name: 'command (env)',
  create: (folder, archive) => createCommandTransport({ argv: ['/usr/bin/env'], folder, archive, env }),
});
transportConformance({
  name: 'command (a shell with a banner)',
  create: (folder, archive) =>
    createCommandTransport({ argv: ['sh', '-c', 'echo Welcome; echo "to the box" >&2; exec "$@"', 'sh'], folder, archive, env }),
});

const openWith = async (argv: readonly string[], path = env['PATH'] ?? ''): Promise<unknown> => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-c-'));
  const transport = createCommandTransport({
    argv,
    folder,
    archive: async () => buildRunnerArchive(FAKE_RUNNER),
    env: { PATH: path },
  });
  try {
    return await transport.open(AbortSignal.timeout(120_000)).catch((error: unknown) => error);
  } finally {
    await transport.close();
    rmSync(folder, { recursive: true });
  }
};

describe('a command that cannot give a runner says why', () => {
  test('a program that is not there', async () => {
    expect(await openWith(['no-such-program'])).toMatchObject({
      code: 'HOST_TOOL_MISSING',
      message: expect.stringContaining('cannot run no-such-program') as string,
    });
  });

  test('no python3 on the host', async () => {
    expect(await openWith(['/bin/sh', '-c', '"$@"', 'sh'], '/nowhere')).toMatchObject({
      code: 'HOST_TOOL_MISSING',
      message: expect.stringMatching(/python3 was not found on the host: .*install Python 3.9 or newer as python3/) as string,
    });
  });

  test('a command that fails: its last words', async () => {
    expect(await openWith(['sh', '-c', 'echo pod "gpu-1" not found >&2; exit 1'])).toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: 'python3 ended with code 1: pod gpu-1 not found',
    });
  });

  test('a command that floods', async () => {
    expect(await openWith(['sh', '-c', 'yes'])).toMatchObject({ message: expect.stringContaining('printed too much') as string });
  });

  test('a folder that cannot be made', async () => {
    const transport = createLocalTransport({ folder: '/proc/kiln', archive: async () => buildRunnerArchive(FAKE_RUNNER), env });
    await expect(transport.open(AbortSignal.timeout(120_000))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringContaining('the host cannot take the runner') as string,
    });
  });
});
