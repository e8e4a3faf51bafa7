/** Makes one folder like another: compares both sides, and sends what differs. What broke off goes on where it was. */
import { Buffer } from 'node:buffer';
import { KilnError } from '../../domain/errors.ts';
import { CHUNK_BYTES, type Entry, ITEMS_MAX } from '../../domain/hosts/work-frames.ts';
import { doubledMs } from '../../platform/backoff.ts';
import { retry } from '../../platform/retry.ts';
import { contentOf } from './content.ts';
import type { End, Piece } from './end.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import { countOf, type FilePlan, type LeftOut, type Plan, planOf, sendable, toBeHashed, wantedOf } from './plan.ts';

/** A host that is connected anew is back within seconds. */
const TRIES_MAX = 5;
const RETRY = { minMs: 500, maxMs: 8000 };
const NOTHING = Buffer.alloc(0);

export interface TransferOptions {
  readonly source: End;
  readonly target: End;
  /** New for each try. */
  readonly rules: () => IgnoreRules;
  /** Removes what the source does not have; what is ignored stays. */
  readonly deletes: boolean;
  /** Only says what it would do. */
  readonly dryRun: boolean;
  readonly onPlan: (plan: Plan) => void;
  readonly onWritten: (bytes: number) => void;
  readonly onRetry: (reason: string) => void;
}

export interface Transferred {
  readonly source: string;
  readonly target: string;
  /** Files that were sent, whole or in part. */
  readonly files: number;
  readonly bytes: number;
  readonly unchanged: number;
  readonly links: number;
  readonly deleted: number;
  readonly leftOut: readonly LeftOut[];
}

export const transfer = async (options: TransferOptions): Promise<Transferred> =>
  retry(async () => attempt(options), {
    mayHelp: (error, failures) => {
      const again = error instanceof KilnError && error.code === 'HOST_NOT_CONNECTED' && failures < TRIES_MAX;
      if (again) options.onRetry(error.message);
      return again;
    },
    waitMs: (failures) => doubledMs(failures, RETRY),
  });

const attempt = async ({ source, target, rules, deletes, dryRun, onPlan, onWritten }: TransferOptions): Promise<Transferred> => {
  const ignored = rules();
  const listing = {
    onIgnoreFile: (path: string, text: string) => ignored.add(path, text),
    leaveOut: (path: string, kind: string) => ignored.ignores(path, kind),
  };
  const { sent, leftOut } = sendable(await source.list(listing));
  const there = await target.states(sent.map(({ path, ...entry }) => ({ path, size: entry.kind === 'file' ? entry.size : 0 })));
  const hashed = await source.states(toBeHashed(sent, there).map((path) => ({ path })));
  const leaveOut = (path: string, kind: string): boolean => ignored.ignoresDeep(path, kind);
  const superfluous = deletes ? await listed(target, leaveOut) : [];
  const plan = planOf({ sent, hashed, there, superfluous });
  onPlan(plan);
  const facts = { source: source.name, target: target.name, unchanged: plan.unchanged, links: plan.links.length, leftOut };
  if (dryRun) return { ...facts, files: plan.files.length, bytes: plan.bytes, deleted: plan.remove.length };
  const written = await target.write(pieces(source, plan), onWritten);
  return { ...facts, files: written.files, bytes: written.bytes, deleted: written.deleted };
};

/** A folder that is not there has nothing to be removed. */
const listed = async (target: End, leaveOut: (path: string, kind: string) => boolean): Promise<readonly Entry[]> => {
  try {
    return await target.list({ onIgnoreFile: () => undefined, leaveOut });
  } catch (error) {
    if (error instanceof KilnError && error.code === 'NOT_FOUND') return [];
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
};

async function* pieces(source: End, plan: Plan): AsyncGenerator<Piece> {
  for (const paths of batches(plan.remove)) yield { frame: { type: 'delete', paths }, payload: NOTHING };
  for (const items of batches(plan.folders.map(pathAndMode))) yield { frame: { type: 'folders', items }, payload: NOTHING };
  for (const items of batches(plan.links.map(({ path, target }) => ({ path, target }))))
    yield { frame: { type: 'links', items }, payload: NOTHING };
  yield* fileContents(source, plan.files);
  const modes = [...plan.modes, ...plan.folders].map(pathAndMode);
  for (const items of batches(modes)) yield { frame: { type: 'modes', items }, payload: NOTHING };
}

async function* fileContents(source: End, files: readonly FilePlan[]): AsyncGenerator<Piece> {
  const large = new Map(files.filter(({ entry }) => entry.size > CHUNK_BYTES).map((file) => [file.entry.path, file]));
  const digests = new Map([...large].map(([path, { keep, part }]) => [path, new Map(Object.entries({ ...keep, ...part }))]));
  for (const { entry, keep } of large.values()) {
    if (Object.keys(keep).length > 0)
      yield { frame: { type: 'keep', path: entry.path, size: entry.size, chunks: keep }, payload: NOTHING };
  }
  const wanted = files.filter(({ chunks }) => chunks === null || chunks.length > 0).map(wantedOf);
  if (wanted.length > 0) {
    for await (const piece of source.read(wanted)) {
      if (piece.frame.type === 'chunk') digests.get(piece.frame.path)?.set(String(piece.frame.index), piece.frame.hash);
      yield piece;
    }
  }
  for (const [path, { entry }] of large) {
    const known = digests.get(path);
    const chunks = Array.from({ length: countOf(entry) }, (_, at) => known?.get(String(at)) ?? '');
    const { mode, mtimeUs, size } = entry;
    yield { frame: { type: 'finish', path, mode, mtimeUs, size, hash: contentOf(chunks).hash }, payload: NOTHING };
  }
}

const pathAndMode = (entry: Entry): { path: string; mode: number } => ({
  path: entry.path,
  mode: 'mode' in entry ? entry.mode : 0,
});

const batches = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / ITEMS_MAX) }, (_, at) => items.slice(at * ITEMS_MAX, (at + 1) * ITEMS_MAX));
