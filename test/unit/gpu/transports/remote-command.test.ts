import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { onceClosed, streamOf } from '../../../../src/gpu/transports/remote-command.ts';

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

/** As an SSH channel is: it closes as soon as its end was read, whatever waits to be written. */
class Channel extends Duplex {
  constructor() {
    super({ autoDestroy: false, emitClose: false });
    this.once('end', () => this.emit('close'));
  }

  override _read(): void {
    // Pushed by the test.
  }

  override _write(): void {
    // There is no room, and never will be.
  }
}

const commandOver = (channel: Duplex, exited: Promise<number | null>) =>
  streamOf({ stdin: channel, stdout: channel, stderrTail: () => '', exited, kill: () => channel.destroy() });

test('all that a command wrote is read before the end, though what was written to it never arrived', async () => {
  const channel = new Channel();
  const stream = commandOver(channel, Promise.resolve(0));
  stream.write('nobody reads this');
  stream.end();
  const pieces = Array.from({ length: 64 }, (_, index) => Buffer.alloc(32_768, index));
  for (const piece of pieces) channel.push(piece);
  channel.push(null);
  const read: Buffer[] = [];
  for await (const piece of stream) {
    read.push(piece as Buffer);
    // Whoever reads is slower than the command was.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(Buffer.concat(read).equals(Buffer.concat(pieces))).toBe(true);
});

test('a command that closes before its end was read is a stream that broke', async () => {
  const channel = new PassThrough();
  const stream = commandOver(channel, Promise.withResolvers<number | null>().promise);
  channel.write('half of it');
  channel.destroy();
  await expect(stream.toArray()).rejects.toThrow('it ended before all of it was read');
});

test('what is written waits for room, and is whole at the command', async () => {
  const stdin = new PassThrough({ highWaterMark: 16 });
  const stream = streamOf({
    stdin,
    stdout: new PassThrough(),
    stderrTail: () => '',
    exited: Promise.withResolvers<number | null>().promise,
    kill: () => undefined,
  });
  for (const piece of ['a'.repeat(100), 'b'.repeat(100), 'c']) stream.write(piece);
  stream.end();
  expect((await stdin.toArray()).join('')).toBe(`${'a'.repeat(100)}${'b'.repeat(100)}c`);
});

test('the end of a stream is told to whoever asks before it, and to whoever asks after it', async () => {
  const stream = new PassThrough();
  const told: string[] = [];
  onceClosed(stream, () => told.push('before'));
  stream.destroy();
  await once(stream, 'close');
  onceClosed(stream, () => told.push('after'));
  expect(told).toEqual(['before', 'after']);
});
