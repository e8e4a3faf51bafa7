import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { streamOf } from '../../../../src/gpu/transports/remote-command.ts';

test('a stream that is given up before anybody listens to it ends its command, and not the process', async () => {
  let kills = 0;
  const kill = (): void => {
    kills += 1;
  };
  const stream = streamOf({
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderrTail: () => '',
    exited: Promise.resolve(null),
    kill,
  });
  const closed = Promise.withResolvers<void>();
  stream.once('close', closed.resolve);
  stream.destroy();
  await closed.promise;
  expect(kills).toBe(1);
});
