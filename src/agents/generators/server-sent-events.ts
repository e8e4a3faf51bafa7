/** Reads `data:` of server-sent events as chat servers send them: one line of JSON each. */
const LINE_CHARS_MAX = 4 * 1024 * 1024;

/** Ends with the stream. Throws for a line beyond LINE_CHARS_MAX characters, which no delta is. */
export async function* dataLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/u);
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARS_MAX) throw new Error(`a line of more than ${LINE_CHARS_MAX} characters`);
    yield* lines.flatMap(dataOf);
  }
  yield* dataOf(rest);
}

const dataOf = (line: string): readonly string[] => (line.startsWith('data:') ? [line.slice('data:'.length).trim()] : []);
