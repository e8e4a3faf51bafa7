/** What commands on hosts write, passed on: as it is from one host, line by line with its name from many, or as JSON lines. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { jsonText } from '../context.ts';

export type Style = 'plain' | 'prefixed' | 'json';

export interface ExecOutput {
  readonly write: (host: string, stream: 'stdout' | 'stderr', bytes: Buffer) => Promise<void>;
  /** Words of ours about a host. */
  readonly say: (host: string, text: string) => void;
  /** For `json`: everything that is no output. */
  readonly event: (host: string, event: object) => void;
  /** A last line without its end. */
  readonly end: (host: string) => Promise<void>;
}

interface Options {
  readonly hosts: readonly string[];
  readonly style: Style;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
}

/** A line is cut here: nothing is held back without bound. */
const LINE_BYTES_MAX = 64 * 1024;

export const createExecOutput = ({ hosts, style, stdout = process.stdout, stderr = process.stderr }: Options): ExecOutput => {
  const width = Math.max(...hosts.map((host) => host.length));
  const prefixOf = (host: string): string => (style === 'prefixed' ? `${host.padEnd(width)} | ` : '');
  const rests = new Map<string, Buffer>();
  const put = async (stream: 'stdout' | 'stderr', bytes: Buffer | string): Promise<void> => {
    const target = stream === 'stdout' ? stdout : stderr;
    // The command waits for a reader that is slow, as it would in a pipe.
    if (!target.write(bytes)) await once(target, 'drain');
  };
  return {
    write: async (host, stream, bytes) => {
      if (style === 'json') return put('stdout', `${jsonText({ host, event: stream, data: bytes.toString('base64') })}\n`);
      if (style === 'plain') return put(stream, bytes);
      const key = `${stream} ${host}`;
      const { lines, rest } = cut(Buffer.concat([rests.get(key) ?? Buffer.alloc(0), bytes]));
      rests.set(key, rest);
      const prefix = Buffer.from(prefixOf(host));
      if (lines.length > 0) await put(stream, Buffer.concat(lines.flatMap((line) => [prefix, line])));
    },
    say: (host, text) => {
      if (style !== 'json') stderr.write(`${prefixOf(host)}${text}\n`);
    },
    event: (host, event) => {
      if (style === 'json') stdout.write(`${jsonText({ host, ...event })}\n`);
    },
    end: async (host) => {
      for (const stream of ['stdout', 'stderr'] as const) {
        const rest = rests.get(`${stream} ${host}`);
        if (rest && rest.length > 0) await put(stream, Buffer.concat([Buffer.from(prefixOf(host)), rest, Buffer.from('\n')]));
      }
    },
  };
};

const NEWLINE = 10;

const cut = (bytes: Buffer): { readonly lines: readonly Buffer[]; readonly rest: Buffer } => {
  const lines: Buffer[] = [];
  let at = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
    lines.push(bytes.subarray(at, end + 1));
    at = end + 1;
  }
  while (bytes.length - at > LINE_BYTES_MAX) {
    lines.push(Buffer.concat([bytes.subarray(at, at + LINE_BYTES_MAX), Buffer.from('\n')]));
    at += LINE_BYTES_MAX;
  }
  return { lines, rest: bytes.subarray(at) };
};
