/** Reads server-sent events (WHATWG HTML, section 9.2) from a byte stream. */

const MESSAGE_CHARS_MAX = 4 * 1024 * 1024;

export interface Message {
  readonly id: string | null;
  readonly data: string;
}

/** Comments, such as heartbeats, come as null: they show that the connection lives. */
export async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<Message | null> {
  let rest = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    if (rest.length > MESSAGE_CHARS_MAX) throw new Error(`an event of over ${MESSAGE_CHARS_MAX} characters`);
    for (const block of blocks) yield parseBlock(block);
  }
}

const parseBlock = (block: string): Message | null => {
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^(\w*): ?(.*)$/s.exec(line) ?? [];
    if (field === 'id') id = value;
    if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { id, data: data.join('\n') };
};
