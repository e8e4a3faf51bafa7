import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import type { Piece } from '../../../src/client/files/end.ts';
import { sendInRequests } from '../../../src/client/files/requests.ts';
import { FrameDecoder } from '../../../src/domain/frames.ts';
import { WriteFrame } from '../../../src/domain/hosts/work-frames.ts';

const NOTHING = Buffer.alloc(0);
const chunk = (index: number): Piece => ({
  frame: { type: 'chunk', path: 'large', size: 9, index, hash: 'a'.repeat(64) },
  payload: Buffer.from(`chunk ${index}`),
});
const finish: Piece = {
  frame: { type: 'finish', path: 'large', mode: 0o644, mtimeUs: 0, size: 9, hash: 'a'.repeat(64) },
  payload: NOTHING,
};
const folders: Piece = { frame: { type: 'folders', items: [{ path: 'f', mode: 0o755 }] }, payload: NOTHING };
async function* each(...pieces: readonly Piece[]): AsyncGenerator<Piece> {
  yield* pieces;
}

/** What of a request's frames is what. */
const typesOf = async (frames: AsyncIterable<Buffer>): Promise<readonly string[]> => {
  const decoder = new FrameDecoder();
  const types: string[] = [];
  for await (const bytes of frames) for (const { header } of decoder.push(bytes)) types.push(WriteFrame.parse(header).type);
  return types;
};

test('what can go together is one request, and what needs all before it waits for their answers', async () => {
  const requests: (readonly string[])[] = [];
  const told: string[] = [];
  let [running, sent] = [0, 0];
  await sendInRequests(each(folders, chunk(0), chunk(1), chunk(2), finish), {
    send: async (frames) => {
      told.push(`begins beside ${running}`);
      running += 1;
      requests.push(await typesOf(frames));
      await new Promise(setImmediate);
      running -= 1;
    },
    onSent: (bytes) => {
      sent += bytes;
    },
  });
  expect(requests).toEqual([['folders'], ['chunk', 'chunk', 'chunk'], ['finish']]);
  expect(told).toEqual(Array.from({ length: 3 }, () => 'begins beside 0'));
  expect(sent).toBe(3 * 'chunk 0'.length);
});

test('a request that is refused ends its frames, and the source with them; the first reason counts', async () => {
  let [made, isOver] = [0, false];
  async function* endless(): AsyncGenerator<Piece> {
    try {
      for (;;) yield chunk((made += 1));
    } finally {
      isOver = true;
    }
  }
  const sending = sendInRequests(endless(), {
    send: async (frames) => {
      let left = 5;
      for await (const _ of frames) if ((left -= 1) === 0) throw new Error('refused');
    },
    onSent: () => undefined,
  });
  await expect(sending).rejects.toThrow('refused');
  expect(made).toBeLessThan(6);
  expect(isOver).toBe(true);
});

async function* failing(): AsyncGenerator<Piece> {
  yield chunk(0);
  throw new Error('the file is gone');
}

test('a source that fails is told as it is, not as the request that it broke', async () => {
  const sending = sendInRequests(failing(), {
    send: async (frames) => {
      await typesOf(frames).catch(() => {
        throw new Error('the request broke off');
      });
    },
    onSent: () => undefined,
  });
  await expect(sending).rejects.toThrow('the file is gone');
});
