/** The bytes of a response as they come; none where there is no body. */
export async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body !== null) yield* body;
}

/** Throws Error for more than `bytesMax`. */
export const wholeText = async (response: Response, bytesMax: number): Promise<string> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of bodyOf(response)) {
    parts.push(part);
    bytes += part.byteLength;
    if (bytes > bytesMax) throw new Error(`an answer of more than ${bytesMax} bytes`);
  }
  return Buffer.concat(parts).toString('utf8');
};

/** As much as there is, up to about `bytesMax`: the rest is not read. */
export const beginningOf = async (response: Response, bytesMax: number): Promise<string> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of bodyOf(response)) {
    parts.push(part);
    bytes += part.byteLength;
    if (bytes >= bytesMax) break;
  }
  return Buffer.concat(parts).subarray(0, bytesMax).toString('utf8');
};
