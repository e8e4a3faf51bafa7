/**
 * What a daemon and the process that answers work on a host say to each other, in frames as `src/domain/frames.ts` has them; on the host,
 * `hostwork/shapes.py` is the other side. A connection is one request: its first frame says which.
 *
 * Files travel in the same frames wherever they go: from a person's machine, or from another host. A file's hash is the sha256 of its content; of
 * one larger than a chunk, the sha256 of the digests of its chunks.
 */
import { z } from 'zod';
import { JobView } from './work.ts';

export const CHUNK_BYTES = 1024 * 1024;
export const ITEMS_MAX = 10_000;
/** Where a folder keeps files that are not whole yet: no path within it begins so. */
export const PARTS_FOLDER = '.kiln-parts';

const Digest = z.string().regex(/^[0-9a-f]{64}$/);
const Size = z.int().min(0);
const Path = z.string().min(1);

export const FileItem = z.strictObject({ path: Path, mode: z.int(), mtimeUs: z.int(), size: Size, hash: Digest });
export type FileItem = z.infer<typeof FileItem>;

const Facts = { path: Path, mode: z.int(), size: Size, mtimeUs: z.int() };
const Part = z.array(z.tuple([z.int().min(0), Digest]));

/** One thing in a folder. */
export const Entry = z.discriminatedUnion('kind', [
  z.strictObject({
    ...Facts,
    kind: z.literal('file'),
    /** Where it was asked for. */
    hash: Digest.optional(),
    /** Of one larger than a chunk. */
    chunks: z.array(Digest).optional(),
    /** Chunks of it that came before, and wait for the others. */
    part: Part.optional(),
    /** Of a file that says what is ignored. */
    text: z.string().optional(),
  }),
  z.strictObject({ ...Facts, kind: z.literal('folder'), part: Part.optional() }),
  z.strictObject({ ...Facts, kind: z.literal('link'), target: z.string(), part: Part.optional() }),
  z.strictObject({ ...Facts, kind: z.literal('special'), part: Part.optional() }),
  /** Its name, or a link's target, is no text. */
  z.strictObject({ ...Facts, kind: z.literal('unnameable'), part: Part.optional() }),
  z.strictObject({ kind: z.literal('missing'), path: Path, part: Part }),
]);
export type Entry = z.infer<typeof Entry>;

/** What is written into a folder, in order. */
export const WriteFrame = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('folders'), items: z.array(z.strictObject({ path: Path, mode: z.int() })) }),
  z.strictObject({ type: z.literal('links'), items: z.array(z.strictObject({ path: Path, target: z.string() })) }),
  /** The payload is their contents, one after another. */
  z.strictObject({ type: z.literal('files'), items: z.array(FileItem) }),
  z.strictObject({ type: z.literal('chunk'), path: Path, size: Size, index: Size, hash: Digest }),
  /** Chunks of the file that is there go over into the new one. By index. */
  z.strictObject({ type: z.literal('keep'), path: Path, size: Size, chunks: z.record(z.string(), Digest) }),
  /** All chunks have come. */
  z.strictObject({ type: z.literal('finish'), ...FileItem.shape }),
  z.strictObject({ type: z.literal('modes'), items: z.array(z.strictObject({ path: Path, mode: z.int() })) }),
  z.strictObject({ type: z.literal('delete'), paths: z.array(Path) }),
]);
export type WriteFrame = z.infer<typeof WriteFrame>;

/** What a host answers, whatever was asked. */
export const FromHost = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('started'), pid: z.int() }),
  z.strictObject({ type: z.literal('stdout'), at: z.number().optional() }),
  z.strictObject({ type: z.literal('stderr'), at: z.number().optional() }),
  z.strictObject({
    type: z.literal('exited'),
    code: z.int().nullable(),
    signal: z.string().nullable(),
    timedOut: z.boolean(),
  }),
  z.strictObject({ type: z.literal('jobs'), jobs: z.array(JobView) }),
  z.strictObject({ type: z.literal('job'), job: JobView }),
  z.strictObject({ type: z.literal('dropped'), bytes: z.int() }),
  z.strictObject({ type: z.literal('entries'), items: z.array(Entry) }),
  z.strictObject({ type: z.literal('files'), items: z.array(FileItem) }),
  z.strictObject({ type: z.literal('chunk'), path: Path, size: Size, index: Size, hash: Digest }),
  z.strictObject({ type: z.literal('end'), root: z.string() }),
  z.strictObject({ type: z.literal('written'), root: z.string(), files: Size, bytes: Size, deleted: Size }),
  z.strictObject({ type: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type FromHost = z.infer<typeof FromHost>;
