/** A folder on a host. What is written goes in requests of some megabytes, a few at a time: each is whole in bounded time, and can be sent again. */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { errorOfHost, KilnError } from '../../domain/errors.ts';
import { encodeFrame, type Frame, FrameDecoder, frameStart } from '../../domain/frames.ts';
import type { FileAction } from '../../domain/hosts/work.ts';
import { type Entry, FromHost, WriteFrame } from '../../domain/hosts/work-frames.ts';
import { freeBytes } from '../../platform/free-bytes.ts';
import type { HostsClient } from '../hosts-client.ts';
import type { End, ListOptions, Piece, Wanted, Written } from './end.ts';

const REQUEST_BYTES = 8 * 1024 * 1024;
const REQUESTS_AT_ONCE = 3;
const ITEMS_PER_FRAME = 2000;
/** What comes after them needs all that came before. */
const ALONE: ReadonlySet<WriteFrame['type']> = new Set(['delete', 'folders', 'finish', 'modes']);

export interface HostEndOptions {
  readonly hosts: Pick<HostsClient, 'files'>;
  readonly host: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

export const createHostEnd = ({ hosts, host, path, signal }: HostEndOptions): End => {
  const transfer = randomBytes(8).toString('hex');
  const ask = async function* (action: FileAction, frames: readonly Buffer[]): AsyncGenerator<Frame> {
    const answer = await hosts.files(host, action, { path, transfer, frames, signal });
    const decoder = new FrameDecoder();
    for await (const chunk of answer) yield* decoder.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  };
  const entries = async (action: 'list' | 'state', frames: readonly Buffer[]): Promise<readonly Entry[]> => {
    const found: Entry[] = [];
    let isWhole = false;
    for await (const { header } of ask(action, frames)) {
      const frame = fromHost(header);
      if (frame.type === 'entries') found.push(...frame.items);
      isWhole ||= frame.type === 'end';
    }
    if (!isWhole) throw brokenOff();
    return found;
  };
  return {
    name: `${host}:${path}`,
    list: async ({ onIgnoreFile, leaveOut }: ListOptions) => {
      const all = await entries('list', []);
      for (const entry of all) if (entry.kind === 'file' && entry.text !== undefined) onIgnoreFile(entry.path, entry.text);
      const left = new Set<string>();
      return all.filter((entry) => {
        const above = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')));
        if (!left.has(above) && !leaveOut(entry.path, entry.kind)) return true;
        left.add(entry.path);
        return false;
      });
    },
    states: async (wanted) => new Map((await entries('state', wantedFrames(wanted))).map((entry) => [entry.path, entry])),
    read: async function* (wanted) {
      let isWhole = false;
      for await (const { header, payload } of ask('read', wantedFrames(wanted))) {
        const frame = fromHost(header);
        if (frame.type === 'files' || frame.type === 'chunk') yield { frame: WriteFrame.parse(frame), payload };
        isWhole ||= frame.type === 'end';
      }
      if (!isWhole) throw brokenOff();
    },
    write: async (pieces, onWritten) => {
      const total = { files: 0, bytes: 0, deleted: 0 };
      const send = async (frames: readonly Buffer[], bytes: number): Promise<void> => {
        let isWhole = false;
        for await (const { header } of ask('write', frames)) {
          const frame = fromHost(header);
          if (frame.type !== 'written') continue;
          isWhole = true;
          total.files += frame.files;
          total.bytes += frame.bytes;
          total.deleted += frame.deleted;
        }
        if (!isWhole) throw brokenOff();
        for (const bytesOfFrame of frames) freeBytes(bytesOfFrame);
        onWritten(bytes);
      };
      await inRequests(pieces, send);
      return total satisfies Written;
    },
  };
};

type Send = (frames: readonly Buffer[], payloadBytes: number) => Promise<void>;

/** Frames of one request are in order, in as many pieces as suit; requests overtake each other, but for what must wait. */
const inRequests = async (pieces: AsyncIterable<Piece>, send: Send): Promise<void> => {
  const running = new Set<Promise<void>>();
  let failure: Error | null = null;
  let frames: Buffer[] = [];
  let [bytes, payloadBytes] = [0, 0];
  const flush = async (atOnce: number): Promise<void> => {
    if (frames.length > 0) {
      const sending = send(frames, payloadBytes)
        .catch((error: unknown) => {
          failure ??= error instanceof Error ? error : new Error('a request failed', { cause: error });
        })
        .finally(() => running.delete(sending));
      running.add(sending);
      frames = [];
      [bytes, payloadBytes] = [0, 0];
    }
    while (running.size >= atOnce) await Promise.race(running);
    if (failure !== null) throw failure;
  };
  let last: WriteFrame['type'] | null = null;
  for await (const { frame, payload } of pieces) {
    if (last !== null && last !== frame.type && (ALONE.has(frame.type) || ALONE.has(last))) await flush(1);
    last = frame.type;
    const start = frameStart(frame, payload.length);
    frames.push(start, payload);
    bytes += start.length + payload.length;
    payloadBytes += payload.length;
    if (bytes >= REQUEST_BYTES) await flush(REQUESTS_AT_ONCE);
  }
  await flush(1);
};

const wantedFrames = (wanted: readonly Wanted[]): readonly Buffer[] => {
  const frames: Buffer[] = [];
  for (let at = 0; at < wanted.length; at += ITEMS_PER_FRAME)
    frames.push(encodeFrame({ type: 'items', items: wanted.slice(at, at + ITEMS_PER_FRAME) }));
  return frames;
};

const fromHost = (header: unknown): FromHost => {
  const frame = FromHost.parse(header);
  if (frame.type !== 'error') return frame;
  throw errorOfHost(frame);
};

const brokenOff = (): KilnError =>
  new KilnError('HOST_NOT_CONNECTED', 'the connection to the host broke within the transfer: run it again, it goes on');
