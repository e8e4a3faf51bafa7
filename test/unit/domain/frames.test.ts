import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../../../src/domain/protocol.ts';
import { encodeFrame, type Frame, FrameDecoder } from '../../../src/domain/frames.ts';

const lengths = (header: number, payload: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(header, 0);
  bytes.writeUInt32BE(payload, 4);
  return bytes;
};
const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'nothing thrown';
};

describe('frames', () => {
  test('one frame on the wire is lengths, JSON, payload', () => {
    expect(encodeFrame({ type: 'ping' }, Buffer.from('xyz'))).toEqual(
      Buffer.concat([lengths(15, 3), Buffer.from('{"type":"ping"}'), Buffer.from('xyz')]),
    );
  });

  test('any frames cut at any places come out as they went in', () => {
    const frame = fc.record({ header: fc.dictionary(fc.string(), fc.jsonValue()), payload: fc.uint8Array({ maxLength: 300 }) });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 60 }), (sent, cuts) => {
        const wire = Buffer.concat(sent.map(({ header, payload }) => encodeFrame(header, Buffer.from(payload))));
        const decoder = new FrameDecoder();
        const received: Frame[] = [];
        let at = 0;
        for (const size of [...cuts, wire.length]) {
          received.push(...decoder.push(wire.subarray(at, at + size)));
          at += size;
        }
        expect(received.map(({ header, payload }) => [header, [...payload]])).toEqual(
          sent.map(({ header, payload }) => [JSON.parse(JSON.stringify(header)) as unknown, [...payload]]),
        );
        expect(decoder.buffered).toBe(0);
      }),
    );
  });

  test('a long body in many chunks is joined once, not once a chunk', () => {
    const wire = encodeFrame({ type: 'x' }, Buffer.alloc(8 * 1024 * 1024, 7));
    const decoder = new FrameDecoder();
    const frames: Frame[] = [];
    for (let at = 0; at < wire.length; at += 1024) frames.push(...decoder.push(wire.subarray(at, at + 1024)));
    expect(frames.map((frame) => frame.payload.length)).toEqual([8 * 1024 * 1024]);
  });

  test('a frame that comes in several chunks is put together in memory that was given, and chunks that were copied are told', () => {
    const memory = Buffer.alloc(1024);
    const copied: Buffer[] = [];
    const decoder = new FrameDecoder({
      take: (bytes) => memory.subarray(0, bytes),
      onCopied: (chunk) => void copied.push(chunk),
    });
    const [large, small] = [
      encodeFrame({ type: 'large' }, Buffer.alloc(600, 7)),
      encodeFrame({ type: 'small' }, Buffer.alloc(3)),
    ];
    const wire = Buffer.concat([large, small]);
    const chunks = [wire.subarray(0, 300), wire.subarray(300, large.length), wire.subarray(large.length)];
    const frames = chunks.flatMap((chunk) => decoder.push(chunk));
    expect(frames.map(({ header, payload }) => [header, payload.length])).toEqual([
      [{ type: 'large' }, 600],
      [{ type: 'small' }, 3],
    ]);
    expect(frames.map(({ payload }) => payload.buffer === memory.buffer)).toEqual([true, false]);
    // The last holds the small frame.
    expect(copied).toEqual(chunks.slice(0, 2));
  });

  test.each([
    [HEADER_BYTES_MAX + 1, 0],
    [2, PAYLOAD_BYTES_MAX + 1],
  ])('lengths %i and %i are refused before anything is buffered', (header, payload) => {
    expect(codeOf(() => new FrameDecoder().push(lengths(header, payload)))).toBe('PROTOCOL_ERROR');
  });

  test('lengths at the limits are waited for', () => {
    expect(new FrameDecoder().push(lengths(HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX))).toEqual([]);
  });

  test('a login banner is named in the error', () => {
    expect(() => new FrameDecoder().push(Buffer.from('Welcome to host'))).toThrow('the stream goes "Welcome to host"');
  });

  test('a header that is not JSON is refused', () => {
    expect(codeOf(() => new FrameDecoder().push(Buffer.concat([lengths(3, 0), Buffer.from('{x}')])))).toBe('PROTOCOL_ERROR');
  });

  test('a payload above its limit is not sent', () => {
    expect(codeOf(() => encodeFrame({}, Buffer.alloc(PAYLOAD_BYTES_MAX + 1)))).toBe('PROTOCOL_ERROR');
  });
});
