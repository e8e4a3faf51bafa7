import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataLines, type Message, readMessages } from '../../../src/platform/server-sent-events.ts';

const read = async (chunks: readonly Uint8Array[]): Promise<(Message | null)[]> => {
  const list: (Message | null)[] = [];
  for await (const message of readMessages(ReadableStream.from(chunks))) list.push(message);
  return list;
};
const TEXT = 'retry: 1000\n\nid: 1\nevent: x\ndata: {"µ":1}\n\n: ping\n\nid: 2\r\ndata: a\r\ndata: b\r\n\r\nid: 3\ndata: cut off';
const EXPECTED = [{ id: '1', data: '{"µ":1}' }, null, { id: '2', data: 'a\nb' }];

describe('reading server-sent events', () => {
  test('gives ids and data; comments as null; nothing of an unfinished event', async () => {
    expect(await read([new TextEncoder().encode(TEXT)])).toEqual(EXPECTED);
  });

  test('does not depend on how the bytes were cut', async () => {
    const bytes = new TextEncoder().encode(TEXT);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
        expect(await read(chunks)).toEqual(EXPECTED);
      }),
    );
  });

  test('refuses an event that never ends', async () => {
    const chunk = new TextEncoder().encode(`data: ${'x'.repeat(1024 * 1024)}`);
    await expect(read([chunk, chunk, chunk, chunk, chunk])).rejects.toThrow(/an event of over/);
  });
});

const lines = async (text: string): Promise<string[]> => {
  const list: string[] = [];
  for await (const line of dataLines(ReadableStream.from([new TextEncoder().encode(text)]))) list.push(line);
  return list;
};

describe('reading what chat servers send', () => {
  test('takes a line an event, with and without empty lines between them, and the last one without an end', async () => {
    expect(await lines(': hello\n\ndata: {"a":1}\n\ndata:{"b":2}\r\n\r\ndata: [DONE]\n\n')).toEqual([
      '{"a":1}',
      '{"b":2}',
      '[DONE]',
    ]);
    expect(await lines('data: 1\ndata: 2\ndata: 3')).toEqual(['1', '2', '3']);
  });
});
