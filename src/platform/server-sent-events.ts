/** Reads server-sent events (WHATWG HTML, section 9.2) from a byte stream, with `eventsource-parser`. */
import { createParser } from 'eventsource-parser';

const MESSAGE_CHARS_MAX = 4 * 1024 * 1024;

export interface Message {
  readonly id: string | null;
  readonly data: string;
}

/**
 * Comments, such as heartbeats, come as null: they show that the connection lives. An event that is not finished when the stream ends is left
 * out. Throws for one beyond MESSAGE_CHARS_MAX characters.
 */
export async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<Message | null> {
  const found: (Message | null)[] = [];
  const parser = createParser({
    maxBufferSize: MESSAGE_CHARS_MAX,
    onEvent: ({ id = null, data }) => found.push({ id, data }),
    onComment: () => found.push(null),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded')
        throw new Error(`an event of over ${MESSAGE_CHARS_MAX} characters`, { cause: error });
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* found.splice(0);
  }
}

/**
 * The data of chat servers: a line of JSON an event. Some leave out the empty line between two events, or the last one; both are read all
 * the same.
 */
export async function* dataLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const message of readMessages(withEnd(body))) {
    for (const line of message?.data.split('\n') ?? []) yield line.trim();
  }
}

async function* withEnd(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* body;
  yield new TextEncoder().encode('\n\n');
}
