/** Hashes of a folder's files, kept between transfers: known as long as the file's status is the one that was read. */
import type { BigIntStats } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { wallClockMs } from '../../platform/clock.ts';
import { type Content, contentOf } from './content.ts';

const ENTRIES_MAX = 500_000;
/** Clocks of file systems tick so coarsely: one that changed so lately might change again without showing it. */
const RACY_NS = 30_000_000n;
const Entries = z.record(z.string(), z.tuple([z.string(), z.array(z.string())]));

export interface ContentIndex {
  readonly known: (path: string, status: BigIntStats) => Content | null;
  readonly note: (path: string, status: BigIntStats, content: Content) => void;
  readonly save: () => Promise<void>;
}

/** `file`: null keeps nothing. */
export const openContentIndex = async (file: string | null, nowNs = wallClockNs): Promise<ContentIndex> => {
  const entries = new Map(Object.entries(file === null ? {} : await read(file)));
  let isNew = false;
  return {
    known: (path, status) => {
      const entry = entries.get(path);
      return entry && entry[0] === signatureOf(status) ? contentOf(entry[1]) : null;
    },
    note: (path, status, { chunks }) => {
      if (nowNs() - status.ctimeNs <= RACY_NS) return;
      entries.set(path, [signatureOf(status), [...chunks]]);
      isNew = true;
    },
    save: async () => {
      if (!isNew || file === null || entries.size > ENTRIES_MAX) return;
      isNew = false;
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(`${file}.part`, JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 });
      await rename(`${file}.part`, file);
    },
  };
};

const wallClockNs = (): bigint => BigInt(Math.round(wallClockMs())) * 1_000_000n;

/** What is damaged or missing costs reading the files once more. */
const read = async (file: string): Promise<z.infer<typeof Entries>> => {
  try {
    return Entries.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError || (error instanceof Error && 'code' in error)) return {};
    throw error;
  }
};

const signatureOf = ({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string => `${size} ${mtimeNs} ${ctimeNs} ${ino}`;
