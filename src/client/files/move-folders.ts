/** Folders here and on hosts made like each other: what `kiln host push`, `pull` and `copy` do, for programs. */
import { Buffer } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { KilnError } from '../../domain/errors.ts';
import type { HostsClient } from '../hosts-client.ts';
import { never } from '../http.ts';
import { digestOf } from './content.ts';
import { openContentIndex } from './content-index.ts';
import type { End } from './end.ts';
import { createHostEnd } from './host-end.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { createLocalEnd } from './local-end.ts';
import type { Plan } from './plan.ts';
import { transfer, type Transferred } from './transfer.ts';

/** A folder on a host: below its user's home, or absolute. */
export interface HostFolder {
  readonly host: string;
  readonly path: string;
}

export interface MoveOptions {
  /** Removes what the first folder does not have, but nothing that is ignored. */
  readonly deletes?: boolean;
  /** Only says what would be sent. */
  readonly dryRun?: boolean;
  /** Leaves out what git would ignore. Left out: true for `push`, false for `pull` and `copy`, as results are often ignored. */
  readonly gitignore?: boolean;
  /** Lines as .gitignore has them, of what to leave out too. */
  readonly exclude?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onPlan?: (plan: Plan) => void;
  /** Bytes of content that are there now, since it was told last. */
  readonly onWritten?: (bytes: number) => void;
  /** The connection broke, and it is tried again. */
  readonly onRetry?: (reason: string) => void;
}

/** Each sends what differs and goes on where it broke off. Throws KilnError; what cannot be sent is in `leftOut`. */
export interface FolderMoves {
  readonly push: (folder: string, to: HostFolder, options?: MoveOptions) => Promise<Transferred>;
  readonly pull: (from: HostFolder, folder: string, options?: MoveOptions) => Promise<Transferred>;
  readonly copy: (from: HostFolder, to: HostFolder, options?: MoveOptions) => Promise<Transferred>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** `env`: where hashes of files here are kept (XDG_CACHE_HOME), beside other things that can be made anew. */
export const createFolderMoves = (hosts: Pick<HostsClient, 'files'>, env: Env): FolderMoves => {
  const there = (place: HostFolder, signal: AbortSignal): End => createHostEnd({ hosts, ...place, signal });
  return {
    push: async (folder, to, options = {}) => {
      const source = await localEnd(await existingFolder(folder), env);
      return move({ source, target: there(to, signalOf(options)) }, { gitignore: true, ...options });
    },
    pull: async (from, folder, options = {}) => {
      const root = resolve(folder);
      if (options.deletes === true && (root === '/' || root === homedir()))
        throw new KilnError('INVALID_REQUEST', `nothing is deleted in ${root}: pull into a folder of its own`);
      return move({ source: there(from, signalOf(options)), target: await localEnd(root, env) }, options);
    },
    copy: async (from, to, options = {}) => {
      const signal = signalOf(options);
      return move({ source: there(from, signal), target: there(to, signal) }, options);
    },
  };
};

const signalOf = ({ signal }: MoveOptions): AbortSignal => signal ?? never();

const existingFolder = async (folder: string): Promise<string> => {
  const root = resolve(folder);
  const status = await stat(root).catch(() => null);
  if (status?.isDirectory()) return root;
  throw new KilnError(
    'INVALID_REQUEST',
    status ? `${root} is no folder: give one that holds it` : `there is no folder ${root} here`,
  );
};

const localEnd = async (root: string, env: Env): Promise<End> => {
  const cache = env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const file = join(cache, 'kiln', 'content', `${digestOf(Buffer.from(root)).slice(0, 24)}.json`);
  return createLocalEnd(root, await openContentIndex(file));
};

interface Ends {
  readonly source: End;
  readonly target: End;
}

const move = async (ends: Ends, options: MoveOptions): Promise<Transferred> =>
  transfer({
    ...ends,
    rules: () => new IgnoreRules({ usesFiles: options.gitignore ?? false, patterns: options.exclude ?? [] }),
    deletes: options.deletes ?? false,
    dryRun: options.dryRun ?? false,
    onPlan: options.onPlan ?? (() => undefined),
    onWritten: options.onWritten ?? (() => undefined),
    onRetry: options.onRetry ?? (() => undefined),
  });
