/** A folder of this machine. */
import { Buffer } from 'node:buffer';
import { type BigIntStats, closeSync, constants, type Dirent, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KilnError } from '../../domain/errors.ts';
import { CHUNK_BYTES, type Entry, type FileItem, PARTS_FOLDER } from '../../domain/hosts/work-frames.ts';
import { chunkCount, digestOf, readChunk, readContent } from './content.ts';
import type { ContentIndex } from './content-index.ts';
import type { End, ListOptions, Piece, Wanted } from './end.ts';
import { createLocalWriter } from './local-writer.ts';
import { stepsOf } from './paths.ts';

const BATCH_BYTES = 1024 * 1024;
const BATCH_FILES = 1000;
const MODE = 0o777;
const NO_BYTES = Buffer.alloc(0);

/** `root` is absolute. For reading it must be there; for writing it is made. */
export const createLocalEnd = (root: string, index: ContentIndex): End => ({
  name: root,
  list: async (options) => {
    const entries: Entry[] = [];
    await walk({ root, options, entries }, '');
    return entries;
  },
  states: async (wanted) => {
    const found = new Map<string, Entry>();
    const parts = await createLocalWriter(root).then(async (writer) => writer.parts());
    for (const item of wanted) {
      const entry = await stateOf(root, index, item);
      // Only what travels in several pieces can be there in part.
      const part = item.size === undefined || item.size <= CHUNK_BYTES ? [] : await parts(item.path, item.size);
      if (entry) found.set(item.path, part.length > 0 ? { ...entry, part } : entry);
      else if (part.length > 0) found.set(item.path, { kind: 'missing', path: item.path, part });
    }
    await index.save();
    return found;
  },
  read: (wanted) => readPieces(root, wanted),
  write: async (pieces, onWritten) => (await createLocalWriter(root)).write(pieces, onWritten),
});

interface Walk {
  readonly root: string;
  readonly options: ListOptions;
  readonly entries: Entry[];
}

const walk = async ({ root, options, entries }: Walk, below: string): Promise<void> => {
  const found = await readdir(join(root, below), { withFileTypes: true, encoding: 'utf8' });
  const names = found
    .filter((item) => below !== '' || item.name !== PARTS_FOLDER)
    .toSorted((one, two) => (one.name < two.name ? -1 : 1));
  if (names.some((item) => item.name === '.gitignore' && item.isFile()))
    options.onIgnoreFile(`${below}.gitignore`, await readFile(join(root, below, '.gitignore'), 'utf8'));
  for (const item of names) {
    const path = `${below}${item.name}`;
    const kind = kindOf(item);
    if (options.leaveOut(path, kind)) continue;
    const status = lstatSync(join(root, path), { bigint: true });
    entries.push(entryOf(root, { path, kind, status }));
    if (kind === 'folder') await walk({ root, options, entries }, `${path}/`);
  }
};

/** What Node could not decode holds the replacement character: nobody could name it on another machine. */
const kindOf = (item: Dirent): Entry['kind'] => {
  if (item.name.includes('\uFFFD')) return 'unnameable';
  if (item.isDirectory()) return 'folder';
  if (item.isSymbolicLink()) return 'link';
  return item.isFile() ? 'file' : 'special';
};

interface Found {
  readonly path: string;
  readonly kind: Entry['kind'];
  readonly status: BigIntStats;
}

const entryOf = (root: string, { path, kind, status }: Found): Entry => {
  const facts = { path, mode: Number(status.mode) & MODE, size: Number(status.size), mtimeUs: Number(status.mtimeNs / 1000n) };
  if (kind === 'link') return { ...facts, kind, target: readlinkSync(join(root, path)) };
  return { ...facts, kind: kind === 'missing' ? 'special' : kind };
};

const stateOf = async (root: string, index: ContentIndex, { path, size }: Wanted): Promise<Entry | null> => {
  stepsOf(path);
  const status = statusOf(join(root, path));
  if (status === null) return null;
  const kind = status.isDirectory() ? 'folder' : status.isSymbolicLink() ? 'link' : status.isFile() ? 'file' : 'special';
  const entry = entryOf(root, { path, kind, status });
  if (entry.kind !== 'file' || !isWorthReading(entry.size, size)) return entry;
  const content = index.known(path, status) ?? (await contentAt(root, path, index));
  return { ...entry, hash: content.hash, chunks: content.chunks.length > 1 ? [...content.chunks] : [] };
};

/** One of another size is another; a large one may share chunks. */
const isWorthReading = (there: number, wanted: number | undefined): boolean =>
  wanted === undefined || there === wanted || (there > CHUNK_BYTES && wanted > CHUNK_BYTES);

const contentAt = async (root: string, path: string, index: ContentIndex) => {
  const file = openFile(root, path);
  try {
    const status = fstatSync(file, { bigint: true });
    const content = await readContent(file, Number(status.size));
    index.note(path, status, content);
    return content;
  } finally {
    closeSync(file);
  }
};

const openFile = (root: string, path: string): number => {
  try {
    return openSync(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new KilnError(
      'NOT_FOUND',
      `${path} in ${root} cannot be read (${cause instanceof Error ? cause.message : String(cause)}); try again`,
      { cause },
    );
  }
};

async function* readPieces(root: string, wanted: readonly Wanted[]): AsyncGenerator<Piece> {
  let items: FileItem[] = [];
  let data: Buffer[] = [];
  let bytes = 0;
  const batch = (): Piece => {
    const piece = { frame: { type: 'files' as const, items }, payload: Buffer.concat(data) };
    [items, data, bytes] = [[], [], 0];
    return piece;
  };
  for (const { path, chunks } of wanted) {
    const file = openFile(root, path);
    try {
      const { size: length, mode, mtimeNs } = fstatSync(file, { bigint: true });
      const size = Number(length);
      if (size > CHUNK_BYTES) {
        for (const index of chunks ?? Array.from({ length: chunkCount(size) }, (_, at) => at)) {
          const payload = readChunk(file, index, size);
          yield { frame: { type: 'chunk', path, size, index, hash: digestOf(payload) }, payload };
        }
        continue;
      }
      const content = readChunk(file, 0, size);
      if (items.length > 0 && (bytes + content.length > BATCH_BYTES || items.length === BATCH_FILES)) yield batch();
      items.push({
        path,
        mode: Number(mode) & MODE,
        mtimeUs: Number(mtimeNs / 1000n),
        size: content.length,
        hash: digestOf(content),
      });
      data.push(content.length > 0 ? content : NO_BYTES);
      bytes += content.length;
    } finally {
      closeSync(file);
    }
  }
  if (items.length > 0) yield batch();
}

/** Null where nothing is. */
const statusOf = (path: string): BigIntStats | null => {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
};
