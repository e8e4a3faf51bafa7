import { get, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

let server: FakeServer;
beforeAll(async () => {
  server = await serveFake();
});
afterAll(async () => {
  await server.stop();
});

/** As it is on the wire. */
const raw = (path: string, encodings: string): Promise<{ readonly headers: IncomingHttpHeaders; readonly body: Buffer }> =>
  new Promise((resolve, reject) => {
    get(`${server.url}${path}`, { headers: encodings === '' ? {} : { 'accept-encoding': encodings } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    }).on('error', reject);
  });

const plain = async () => (await raw('/openapi.json', '')).body;

describe('an answer of some size', () => {
  test.each([
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
  ] as const)('is sent compressed to who takes %s, as %s', async (encodings, expected, decompress) => {
    const { headers, body } = await raw('/openapi.json', encodings);
    expect([headers['content-encoding'], headers.vary]).toEqual([expected, 'accept-encoding']);
    expect(headers['content-length']).toBe(String(body.length));
    expect(decompress(body)).toEqual(await plain());
    expect(body.length).toBeLessThan((await plain()).length / 4);
  });

  test.each(['', 'identity', 'br;q=0', 'zstd'])('is sent as it is to who takes "%s"', async (encodings) => {
    const { headers, body } = await raw('/openapi.json', encodings);
    expect([headers['content-encoding'], headers.vary]).toEqual([undefined, 'accept-encoding']);
    expect(body).toEqual(await plain());
  });

  test('is sent as it is where it is small', async () => {
    expect((await raw('/healthz', 'br')).headers['content-encoding']).toBeUndefined();
  });
});
