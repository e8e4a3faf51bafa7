/** What a transfer has to do: from what is on both sides, without a look at either. Pure. */
import { CHUNK_BYTES, type Entry } from '../../domain/hosts/work-frames.ts';
import { chunkCount } from './content.ts';
import type { Wanted } from './end.ts';
import { leaves } from './paths.ts';

type FileEntry = Extract<Entry, { kind: 'file' }>;

export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

/** What of the source can be sent at all. */
export const sendable = (
  entries: readonly Entry[],
): { readonly sent: readonly Entry[]; readonly leftOut: readonly LeftOut[] } => {
  const leftOut = entries.flatMap((entry) => {
    const why = whyNot(entry);
    return why === null ? [] : [{ path: entry.path, why }];
  });
  const without = new Set(leftOut.map(({ path }) => path));
  return { sent: entries.filter(({ path }) => !without.has(path)), leftOut };
};

const whyNot = (entry: Entry): string | null => {
  if (entry.kind === 'special') return 'no file, folder or link';
  if (entry.kind === 'unnameable') return 'its name or target is no UTF-8';
  if (entry.kind === 'link' && leaves(entry.path, entry.target)) return `a link to ${entry.target}, which may leave the folder`;
  return null;
};

export interface FilePlan {
  readonly entry: FileEntry;
  /** Chunks to send; null: all of it, in whatever pieces. */
  readonly chunks: readonly number[] | null;
  /** Chunks that the target's file has. By index. */
  readonly keep: Readonly<Record<string, string>>;
  /** Chunks that came before. */
  readonly part: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly remove: readonly string[];
  readonly folders: readonly Entry[];
  readonly links: readonly Extract<Entry, { kind: 'link' }>[];
  readonly files: readonly FilePlan[];
  /** Content stays, the mode does not. */
  readonly modes: readonly Entry[];
  readonly unchanged: number;
  readonly bytes: number;
}

/** Files whose content must be known on the source's side: those of which the target has something. */
export const toBeHashed = (sent: readonly Entry[], there: ReadonlyMap<string, Entry>): readonly string[] =>
  sent.flatMap((entry) => {
    const known = there.get(entry.path);
    if (entry.kind !== 'file' || !known) return [];
    return known.part !== undefined || (known.kind === 'file' && known.hash !== undefined) ? [entry.path] : [];
  });

export interface Sides {
  readonly sent: readonly Entry[];
  /** The same, with hashes where they were asked for. */
  readonly hashed: ReadonlyMap<string, Entry>;
  readonly there: ReadonlyMap<string, Entry>;
  /** Of the target, to be removed where the source has none of it. */
  readonly superfluous: readonly Entry[];
}

export const planOf = ({ sent, hashed, there, superfluous }: Sides): Plan => {
  const names = new Set(sent.map(({ path }) => path));
  const remove = superfluous.filter(({ path }) => !names.has(path)).map(({ path }) => path);
  const files: FilePlan[] = [];
  const modes: Entry[] = [];
  let unchanged = 0;
  for (const entry of sent) {
    if (entry.kind !== 'file') continue;
    const known = there.get(entry.path);
    const source = hashed.get(entry.path);
    const isSame = known?.kind === 'file' && source?.kind === 'file' && known.hash !== undefined && known.hash === source.hash;
    if (!isSame) files.push(filePlan(entry, source, known));
    else if (known.mode === entry.mode) unchanged += 1;
    else modes.push(entry);
  }
  const folders = sent.filter(({ path, kind }) => kind === 'folder' && there.get(path)?.kind !== 'folder');
  const links = sent
    .filter((entry) => entry.kind === 'link')
    .filter(({ path, target }) => {
      const known = there.get(path);
      return !(known?.kind === 'link' && known.target === target);
    });
  return { remove, folders, links, files, modes, unchanged, bytes: files.reduce((sum, file) => sum + bytesOf(file), 0) };
};

/** Chunks are compared place by place: what was changed within, or added behind, is sent; what was moved is sent again. */
const filePlan = (entry: FileEntry, source: Entry | undefined, known: Entry | undefined): FilePlan => {
  const digests = source?.kind === 'file' ? (source.chunks ?? []) : [];
  if (entry.size <= CHUNK_BYTES || digests.length === 0) return { entry, chunks: null, keep: {}, part: {} };
  const there = known?.kind === 'file' ? (known.chunks ?? []) : [];
  const came = new Map(known?.part ?? []);
  const part = pick(digests, (digest, index) => came.get(index) === digest);
  const keep = pick(digests, (digest, index) => part[index] === undefined && there[index] === digest);
  const chunks = digests.flatMap((_, index) => (part[index] === undefined && keep[index] === undefined ? [index] : []));
  return { entry, chunks, keep, part };
};

const pick = (digests: readonly string[], isOne: (digest: string, index: number) => boolean): Readonly<Record<string, string>> =>
  Object.fromEntries(digests.flatMap((digest, index) => (isOne(digest, index) ? [[String(index), digest] as const] : [])));

const bytesOf = ({ entry, chunks }: FilePlan): number =>
  chunks === null ? entry.size : chunks.reduce((sum, index) => sum + Math.min(CHUNK_BYTES, entry.size - index * CHUNK_BYTES), 0);

export const wantedOf = ({ entry, chunks }: FilePlan): Wanted => ({ path: entry.path, chunks });

export const countOf = (entry: FileEntry): number => chunkCount(entry.size);
