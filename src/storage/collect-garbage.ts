/**
 * Removes old candidates that nothing needs any more, a page at a time. Each page is written to a file and synced before it is removed: one line of JSON a
 * candidate, with its source and its attempts.
 */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Collected, CollectGarbage } from '../domain/api/retention.ts';
import { KilnError } from '../domain/errors.ts';
import type { OldCandidate } from '../domain/ports/store-rows.ts';
import type { Store } from '../domain/ports/store.ts';

const DAY_MS = 86_400_000;
const FOLDER = 'exports';

export interface GarbageDeps {
  readonly store: Pick<Store, 'countOld' | 'readOld' | 'removeCandidates' | 'removeUnusedVersions'>;
  readonly dataDir: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: { info(facts: object, message: string): void };
}

export type CollectorOfGarbage = (request: CollectGarbage) => Promise<Collected>;

export const createGarbageCollector = (deps: GarbageDeps): CollectorOfGarbage => {
  let isRunning = false;
  return async (request) => {
    const retention = {
      before: new Date(deps.now() - request.olderThanDays * DAY_MS).toISOString(),
      keepPlaces: request.keepPlaces,
    };
    if (request.dryRun) return { ...retention, removed: 0, byProblem: await deps.store.countOld(retention), exportedTo: null };
    // At once, before anything is waited for: of two requests that come together one is refused.
    if (isRunning) throw new KilnError('INVALID_REQUEST', 'old candidates are being removed already: wait until that is done');
    isRunning = true;
    try {
      const byProblem = await deps.store.countOld(retention);
      const { removed, exportedTo } = await collect(deps, retention, request.export);
      deps.log.info({ ...retention, removed, exportedTo }, 'old candidates were removed');
      return { ...retention, removed, byProblem, exportedTo };
    } finally {
      isRunning = false;
    }
  };
};

const collect = async (
  { store, dataDir, now }: GarbageDeps,
  retention: { readonly before: string; readonly keepPlaces: number },
  isExported: boolean,
): Promise<{ readonly removed: number; readonly exportedTo: string | null }> => {
  let removed = 0;
  let file: { readonly path: string; readonly handle: FileHandle } | null = null;
  try {
    for (;;) {
      const page = await store.readOld(retention);
      if (page.length === 0) break;
      if (isExported) file ??= await openExport(dataDir, now());
      if (file) await writePage(file.handle, page);
      const gone = await store.removeCandidates(page.map(({ id }) => id));
      removed += gone;
      if (gone === 0) break;
      await turn();
    }
    await store.removeUnusedVersions();
    return { removed, exportedTo: file?.path ?? null };
  } finally {
    await file?.handle.close();
  }
};

const openExport = async (dataDir: string, nowMs: number): Promise<{ readonly path: string; readonly handle: FileHandle }> => {
  const folder = join(dataDir, FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `candidates-${new Date(nowMs).toISOString().replaceAll(/[:.]/gu, '-')}.jsonl.gz`);
  return { path, handle: await open(path, 'ax', 0o600) };
};

/** A file of several gzip members is one gzip file. */
const writePage = async (handle: FileHandle, page: readonly OldCandidate[]): Promise<void> => {
  await handle.appendFile(gzipSync(page.map((candidate) => `${JSON.stringify(candidate)}\n`).join('')));
  await handle.sync();
};
