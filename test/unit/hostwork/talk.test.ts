import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { ExecEvent, ExecRequest } from '../../../src/domain/hosts/work.ts';
import { HostId } from '../../../src/domain/ids.ts';
import { createExecutions, EXECUTIONS_MAX } from '../../../src/hostwork/executions.ts';
import { Talk } from '../../../src/hostwork/talk.ts';

/** A host that takes nothing off the wire. */
const stuck = (): Duplex => new Duplex({ highWaterMark: 1, read: () => undefined, write: () => undefined });

test('what is being written when the connection breaks is over, and the reading side says why', async () => {
  const stream = stuck();
  const talk = new Talk(stream, new AbortController().signal);
  const sent = talk.send({ type: 'stdin' });
  stream.destroy(new Error('broken pipe'));
  await expect(sent).resolves.toBeUndefined();
  await expect(talk.frames().next()).rejects.toMatchObject({
    code: 'HOST_NOT_CONNECTED',
    message: expect.stringContaining('broken pipe') as string,
  });
});

test('a signal that is on its way when the connection breaks ends its command, and not the process', async () => {
  const stream = stuck();
  const executions = createExecutions({
    open: async () => stream,
    checkWish: () => undefined,
    lend: async () => ({ devices: [], giveBack: () => undefined }),
    note: () => undefined,
  });
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.prependListener('unhandledRejection', onUnhandled);
  try {
    const caller = { name: 'ada', says: null, address: '127.0.0.1' };
    const events = executions.exec(HostId.parse('h1'), ExecRequest.parse({ argv: ['sleep', '9'] }), {
      caller,
      signal: new AbortController().signal,
    });
    const accepted = ExecEvent.parse((await events.next()).value);
    const over = events.next();
    if (accepted.event !== 'accepted') throw new Error('it was not accepted');
    const { execution } = accepted;
    await expect.poll(() => stream.writableLength).toBeGreaterThan(0);
    executions.signal(execution, 'INT');
    stream.destroy(new Error('broken pipe'));
    await expect(over).rejects.toMatchObject({ code: 'HOST_NOT_CONNECTED' });
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
});

test('commands that wait for their devices count among those that run', async () => {
  const executions = createExecutions({
    checkWish: () => undefined,
    open: async () => stuck(),
    lend: async () => new Promise(() => undefined),
    note: () => undefined,
  });
  const caller = { name: 'ada', says: null, address: '127.0.0.1' };
  const request = ExecRequest.parse({ argv: ['sleep', '9'], devices: 'any' });
  const begin = () => executions.exec(HostId.parse('h1'), request, { caller, signal: new AbortController().signal });
  const first = begin();
  await first.next();
  for (let number = 1; number < EXECUTIONS_MAX; number += 1) await begin().next();
  await expect(begin().next()).rejects.toMatchObject({ code: 'TOO_MANY_STREAMS' });
  await first.return(undefined);
  await expect(begin().next()).resolves.toMatchObject({ value: { event: 'accepted' } });
});
