import { expect, test } from 'vitest';
import { runCli } from '../../support/server/run-cli.ts';

test('a path that cannot be used is told in one line', async () => {
  const env = { KILN_KERNELS_DIR: '/dev/null/kernels' };
  expect(await runCli(['problem', 'init', 'fresh'], { url: 'http://127.0.0.1:1', env })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: /dev/null/kernels/fresh: a part of the path is no folder (ENOTDIR)\n',
  });
});
