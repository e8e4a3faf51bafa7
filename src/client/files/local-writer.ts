/** Writes what comes from a host into a folder here, which nothing leaves: each file is whole and checked before it takes its place, and no link is followed. */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { KilnError } from '../../domain/errors.ts';
import { CHUNK_BYTES, type FileItem, PARTS_FOLDER, type WriteFrame } from '../../domain/hosts/work-frames.ts';
import { giveBack } from './chunk-pool.ts';
import { chunkCount, contentOf, digestOf, readChunk } from './content.ts';
import type { Piece, Written } from './end.ts';
import { leaves, stepsOf } from './paths.ts';

/** At once. For a megabyte Linux takes memory in pieces as large, and where it runs on a hypervisor these may have to be had first: it took several times as long. */
const WRITE_BYTES = 128 * 1024;

type FrameOf<T extends WriteFrame['type']> = Extract<WriteFrame, { type: T }>;
type Parts = (path: string, size: number) => Promise<[number, string][]>;

export interface LocalWriter {
  readonly write: (pieces: AsyncIterable<Piece>, onWritten: (bytes: number) => void) => Promise<Written>;
  /** Chunks of files that are not whole yet. */
  readonly parts: () => Parts;
}

export const createLocalWriter = async (root: string): Promise<LocalWriter> => {
  const writer = new Writer(root);
  return {
    write: async (pieces, onWritten) => {
      await mkdir(join(root, PARTS_FOLDER), { recursive: true });
      try {
        for await (const { frame, payload } of pieces) {
          await writer.take(frame, payload);
          onWritten(payload.length);
          giveBack(payload);
        }
      } finally {
        await rm(writer.ownPart, { force: true });
        // Stays while something in it waits for its rest.
        await rmdir(join(root, PARTS_FOLDER)).catch(ignoreFileError);
      }
      return { files: writer.files, bytes: writer.bytes, deleted: writer.deleted };
    },
    parts: () => async (path, size) => [...(await writer.checked(path, size))],
  };
};

class Writer {
  files = 0;
  bytes = 0;
  deleted = 0;
  /** On its way to its place; never two at once. */
  readonly ownPart: string;
  readonly #root: string;
  /** Folders that are folders, and no links. */
  readonly #seen = new Set<string>();

  constructor(root: string) {
    this.#root = root;
    this.ownPart = join(root, PARTS_FOLDER, `${process.pid}-${randomBytes(4).toString('hex')}.new`);
  }

  async take(frame: WriteFrame, payload: Buffer): Promise<void> {
    switch (frame.type) {
      case 'folders':
        for (const { path } of frame.items) this.#folder(path);
        return;
      case 'links':
        for (const { path, target } of frame.items) this.#link(path, target);
        return;
      case 'files':
        this.#smallFiles(frame, payload);
        return;
      case 'chunk':
        this.#chunk(frame, payload);
        return;
      case 'keep':
        return this.#keep(frame);
      case 'finish':
        return this.#finish(frame);
      case 'modes':
        for (const { path, mode } of frame.items) this.#mode(path, mode);
        return;
      case 'delete':
        for (const path of frame.paths.toSorted().toReversed()) this.#delete(path);
    }
  }

  async checked(path: string, size: number): Promise<ReadonlyMap<number, string>> {
    const text = await readFile(this.#part(path, size, 'chunks'), 'utf8').catch(ignoreFileError);
    const lines = (text ?? '').split('\n').slice(0, -1);
    return new Map(lines.map((line) => line.split(' ')).map(([index, digest]) => [Number(index), digest ?? '']));
  }

  /** Where something goes whose folders are real ones. */
  #place(path: string): string {
    const steps = stepsOf(path);
    for (let at = 1; at < steps.length; at += 1) {
      const above = steps.slice(0, at).join('/');
      if (this.#seen.has(above)) continue;
      const status = statusOf(join(this.#root, above));
      if (status && !status.isDirectory())
        throw new KilnError(
          'WORK_REFUSED',
          `${above} in ${this.#root} is a symbolic link or a file, and not followed: nothing leaves the folder`,
        );
      if (!status) mkdirSync(join(this.#root, above));
      this.#seen.add(above);
    }
    return join(this.#root, path);
  }

  #folder(path: string): void {
    const place = this.#place(path);
    const status = statusOf(place);
    if (status && !status.isDirectory()) unlinkSync(place);
    if (!status?.isDirectory()) mkdirSync(place);
  }

  #link(path: string, target: string): void {
    if (leaves(path, target)) throw new KilnError('WORK_REFUSED', `${path} is a link to ${target}, which may leave the folder`);
    const place = this.#room(path);
    symlinkSync(target, this.ownPart);
    renameSync(this.ownPart, place);
  }

  #smallFiles({ items }: FrameOf<'files'>, payload: Buffer): void {
    let at = 0;
    for (const item of items) {
      const content = payload.subarray(at, at + item.size);
      at += item.size;
      if (content.length !== item.size || digestOf(content) !== item.hash) throw damaged(item.path);
      const file = openSync(
        this.ownPart,
        constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
        0o600,
      );
      try {
        writeAll(file, content, 0);
      } finally {
        closeSync(file);
      }
      this.#moveIntoPlace(item, this.ownPart);
      this.bytes += item.size;
    }
  }

  #chunk({ path, size, index, hash }: FrameOf<'chunk'>, payload: Buffer): void {
    this.#place(path);
    if (payload.length !== Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES) || digestOf(payload) !== hash) throw damaged(path);
    this.#store(path, size, { index, hash, bytes: payload });
    this.bytes += payload.length;
  }

  #store(path: string, size: number, { index, hash, bytes }: { index: number; hash: string; bytes: Buffer }): void {
    const file = openSync(this.#part(path, size, 'data'), constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      writeAll(file, bytes, index * CHUNK_BYTES);
    } finally {
      closeSync(file);
    }
    appendFileSync(this.#part(path, size, 'chunks'), `${index} ${hash}\n`);
  }

  async #keep({ path, size, chunks }: FrameOf<'keep'>): Promise<void> {
    const file = openSync(this.#place(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size: length } = fstatSync(file);
      for (const [index, hash] of Object.entries(chunks)) {
        const bytes = readChunk(file, Number(index), length);
        if (digestOf(bytes) !== hash) throw new KilnError('WORK_REFUSED', `${path} was changed meanwhile: try again`);
        this.#store(path, size, { index: Number(index), hash, bytes });
        await nextTurn();
      }
    } finally {
      closeSync(file);
    }
  }

  async #finish(item: FrameOf<'finish'>): Promise<void> {
    const { path, size, hash } = item;
    const checked = await this.checked(path, size);
    const chunks = Array.from({ length: chunkCount(size) }, (_, at) => checked.get(at));
    const known = chunks.filter((chunk) => chunk !== undefined);
    const data = this.#part(path, size, 'data');
    if (known.length < chunks.length || contentOf(known).hash !== hash) {
      if (known.length === chunks.length) rmSync(data, { force: true });
      if (known.length === chunks.length) rmSync(this.#part(path, size, 'chunks'), { force: true });
      throw new KilnError('WORK_REFUSED', `${path} is not whole, or changed while it was sent: try again`);
    }
    truncateSync(data, size);
    this.#moveIntoPlace(item, data);
    rmSync(this.#part(path, size, 'chunks'), { force: true });
  }

  #moveIntoPlace({ path, mode, mtimeUs }: FileItem, part: string): void {
    const place = this.#room(path);
    chmodSync(part, mode & 0o777);
    utimesSync(part, mtimeUs / 1e6, mtimeUs / 1e6);
    renameSync(part, place);
    this.files += 1;
  }

  #mode(path: string, mode: number): void {
    const place = this.#place(path);
    const status = lstatSync(place);
    if (!status.isSymbolicLink()) chmodSync(place, status.isDirectory() ? (mode & 0o777) | 0o700 : mode & 0o777);
  }

  #delete(path: string): void {
    const place = this.#place(path);
    const status = statusOf(place);
    if (!status) return;
    this.#seen.clear();
    if (!status.isDirectory()) unlinkSync(place);
    // A folder that holds what is ignored stays.
    else if (orNull(() => (rmdirSync(place), true)) === null) return;
    this.deleted += 1;
  }

  #room(path: string): string {
    const place = this.#place(path);
    const status = statusOf(place);
    if (status?.isDirectory())
      throw new KilnError(
        'WORK_REFUSED',
        `${path} is a folder in ${this.#root}, and no folder comes: remove it, or use --delete`,
      );
    return place;
  }

  #part(path: string, size: number, kind: 'data' | 'chunks'): string {
    return join(this.#root, PARTS_FOLDER, `${digestOf(Buffer.from(`${size} ${path}`)).slice(0, 32)}.${kind}`);
  }
}

const damaged = (path: string): KilnError => new KilnError('WORK_REFUSED', `${path} was damaged on its way: try again`);

const ignoreFileError = (error: unknown): null => {
  if (error instanceof Error && 'code' in error) return null;
  throw error;
};

/** Null where nothing is, or nothing can be looked at. */
const statusOf = (path: string): Stats | null => orNull(() => lstatSync(path));

const orNull = <T>(work: () => T): T | null => {
  try {
    return work();
  } catch (error) {
    return ignoreFileError(error);
  }
};

const writeAll = (descriptor: number, bytes: Buffer, at: number): void => {
  for (let written = 0; written < bytes.length; )
    written += writeSync(descriptor, bytes, written, Math.min(WRITE_BYTES, bytes.length - written), at + written);
};
