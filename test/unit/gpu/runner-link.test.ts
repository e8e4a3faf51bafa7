import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { setImmediate as iteration } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { KilnError } from '../../../src/domain/errors.ts';
import { createRunnerLink } from '../../../src/gpu/runner-link.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const ATTACH = { type: 'attach', protocol: 1, daemonId: 'd1', leaseMs: 1000, idleExitMs: 2000 } as const;

test('what is said in one iteration of the event loop is one write, whoever said it', async () => {
  const writes: unknown[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      writes.push(chunk);
      done();
    },
  });
  const unused = { onHello: () => undefined, onFrame: () => undefined, onEnd: () => undefined };
  const link = createRunnerLink({ stream, attach: ATTACH, clock: new ManualClock(), ...unused });
  await iteration();
  expect(writes).toHaveLength(1);
  link.send({ type: 'ping', nonce: 1 });
  await new Promise<void>((resolve) => process.nextTick(resolve));
  link.send({ type: 'ping', nonce: 2 });
  await iteration();
  expect(writes).toHaveLength(2);
  link.hangUp();
});

test('a stream that has closed before anybody listened is a runner that hung up, told at once', async () => {
  const stream = new PassThrough();
  stream.destroy();
  await once(stream, 'close');
  const clock = new ManualClock();
  const ended = Promise.withResolvers<KilnError>();
  createRunnerLink({
    stream,
    attach: ATTACH,
    clock,
    onHello: () => undefined,
    onFrame: () => undefined,
    onEnd: ended.resolve,
  });
  expect((await ended.promise).message).toContain('the runner hung up before hello');
  expect(clock.pending).toBe(0);
});
