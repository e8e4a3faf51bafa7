/** A folder on a host. */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { errorOfHost, KilnError } from '../../domain/errors.ts';
import { encodeFrame, type Frame, FrameDecoder } from '../../domain/frames.ts';
import type { FileAction } from '../../domain/hosts/work.ts';
import { type Entry, FromHost, WriteFrame } from '../../domain/hosts/work-frames.ts';
import { freeBytes } from '../../platform/free-bytes.ts';
import type { FilesCall, HostsClient } from '../hosts-client.ts';
import { giveBack, takeBytes } from './chunk-pool.ts';
import type { End, ListOptions, Wanted, Written } from './end.ts';
import { sendInRequests } from './requests.ts';

const ITEMS_PER_FRAME = 2000;

export interface HostEndOptions {
  readonly hosts: Pick<HostsClient, 'files'>;
  readonly host: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

export const createHostEnd = ({ hosts, host, path, signal }: HostEndOptions): End => {
  const transfer = randomBytes(8).toString('hex');
  const ask = async function* (action: FileAction, frames: FilesCall['frames']): AsyncGenerator<Frame> {
    const answer = await hosts.files(host, action, { path, transfer, frames, onSent: giveBack, signal });
    const decoder = new FrameDecoder({ take: takeBytes, onCopied: freeBytes });
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
    write: async (pieces, onSent) => {
      const total = { files: 0, bytes: 0, deleted: 0 };
      const send = async (frames: AsyncIterable<Buffer>): Promise<void> => {
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
      };
      await sendInRequests(pieces, { send, onSent });
      return total satisfies Written;
    },
  };
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
