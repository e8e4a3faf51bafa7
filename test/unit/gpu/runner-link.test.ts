import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { KilnError } from '../../../src/domain/errors.ts';
import { createRunnerLink } from '../../../src/gpu/runner-link.ts';
import { ManualClock } from '../../support/manual-clock.ts';

test('a stream that has closed before anybody listened is a runner that hung up, told at once', async () => {
  const stream = new PassThrough();
  stream.destroy();
  await once(stream, 'close');
  const clock = new ManualClock();
  const ended = Promise.withResolvers<KilnError>();
  createRunnerLink({
    stream,
    attach: { type: 'attach', protocol: 1, daemonId: 'd1', leaseMs: 1000, idleExitMs: 2000 },
    clock,
    onHello: () => undefined,
    onFrame: () => undefined,
    onEnd: ended.resolve,
  });
  expect((await ended.promise).message).toContain('the runner hung up before hello');
  expect(clock.pending).toBe(0);
});
