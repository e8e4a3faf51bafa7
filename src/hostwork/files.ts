/** Files of hosts: bytes of frames go through as they come, in both directions; only what a host refuses is read here. */
import { Buffer } from 'node:buffer';
import { errorOfHost, KilnError } from '../domain/errors.ts';
import { encodeFrame, FrameDecoder } from '../domain/frames.ts';
import type { FileAction, FilesQuery } from '../domain/hosts/work.ts';
import { FromHost } from '../domain/hosts/work-frames.ts';
import type { HostId } from '../domain/ids.ts';
import type { Asking } from '../domain/ports/host-work.ts';
import { BoundedMap } from '../platform/bounded-map.ts';
import { freeBytes } from '../platform/free-bytes.ts';
import type { Hosts } from './hosts.ts';
import { noteStart } from './journal.ts';
import { Talk } from './talk.ts';

/** Transfers whose beginning is in the journal: the last ones. */
const NOTED_MAX = 1000;
const END = encodeFrame({ type: 'end' });
/** Takes no frames after its first. */
const SILENT: ReadonlySet<FileAction> = new Set(['list']);
/** Looking is not worth an entry. */
const NOTED: ReadonlySet<FileAction> = new Set(['read', 'write']);

export interface FilesRequest extends FilesQuery {
  readonly action: FileAction;
  readonly body: AsyncIterable<Uint8Array>;
}

export const createFiles = (hosts: Hosts) => {
  const noted = new BoundedMap<string, true>(NOTED_MAX);
  const note = (host: HostId, { action, path, transfer }: FilesRequest, { caller }: Asking): void => {
    const key = JSON.stringify([caller.name, host, action, path, transfer]);
    if (!NOTED.has(action) || (transfer !== undefined && noted.has(key))) return;
    if (transfer !== undefined) noted.set(key, true);
    noteStart(hosts, { host, action, path }, caller);
  };
  return async (host: HostId, request: FilesRequest, asking: Asking): Promise<AsyncIterable<Uint8Array>> => {
    const talk = new Talk(await hosts.open(host, asking.signal), asking.signal);
    note(host, request, asking);
    try {
      await talk.send({ type: request.action, root: request.path });
      const sent = SILENT.has(request.action) ? Promise.resolve() : send(talk, request.body);
      // Told by the answer, which ends with the talk.
      sent.catch(() => undefined);
      return await opened(talk, sent);
    } catch (error) {
      talk.end();
      throw error;
    }
  };
};

const send = async (talk: Talk, body: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const bytes of body) await talk.write(bytes, () => freeBytes(bytes));
  await talk.write(END);
};

/** The answer once its first frame is there, so that a refusal is the request's own. */
const opened = async (talk: Talk, sent: Promise<void>): Promise<AsyncIterable<Uint8Array>> => {
  const bytes = talk.bytes();
  const decoder = new FrameDecoder();
  const held: Buffer[] = [];
  for (;;) {
    const next = await Promise.race([bytes.next(), failureOf(sent)]);
    if (next.done) throw new KilnError('HOST_NOT_CONNECTED', 'the connection to the host ended before it answered: try again');
    held.push(next.value);
    const [first] = decoder.push(next.value);
    if (first) {
      const parsed = FromHost.safeParse(first.header);
      if (parsed.success && parsed.data.type === 'error') throw errorOfHost(parsed.data);
    }
    // Of a large first frame the beginning is enough: errors are small.
    if (first || decoder.buffered > ERROR_BYTES_MAX) return rest(talk, held, bytes);
  }
};

const ERROR_BYTES_MAX = 64 * 1024;

/** Never resolves where it succeeds. */
const failureOf = async (sent: Promise<void>): Promise<never> => {
  await sent;
  return new Promise<never>(() => undefined);
};

async function* rest(talk: Talk, held: readonly Buffer[], bytes: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield Buffer.concat(held);
    yield* bytes;
  } finally {
    talk.end();
  }
}
