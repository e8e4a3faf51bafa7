/**
 * PGlite's files with a real fsync. PGlite starts Postgres with fsync off and its Node file system ignores fsync: enough for a killed
 * process, not for a power cut. Here Postgres asks for fsync at every commit and checkpoint, and the file system does it.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { KilnError } from '../domain/errors.ts';

type Init = Parameters<NodeFS['init']>;
type Initialised = Awaited<ReturnType<NodeFS['init']>>;

/** The part of Emscripten's NODEFS that is patched. `nfd` is the descriptor of a regular file; directories have none. */
interface NodeFiles {
  readonly stream_ops: object;
  readonly realPath: (node: unknown) => string;
}
interface OpenStream {
  readonly nfd?: number | null;
  readonly node: unknown;
}

export class DurableNodeFS extends NodeFS {
  override async init(...[database, options]: Init): Promise<Initialised> {
    const initialised = await super.init(database, options);
    const mount = initialised.emscriptenOpts.preRun ?? [];
    initialised.emscriptenOpts.preRun = [
      ...mount,
      (module) => {
        const files: unknown = module.NODEFS;
        addFsync(files);
      },
    ];
    return initialised;
  }
}

/** `fdatasync` of the WebAssembly build is an empty function; `fsync` reaches the file system, so Postgres is told to use that one. */
export const DURABLE_START_PARAMS: readonly string[] = [
  ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
  '-c',
  'fsync=on',
  '-c',
  'wal_sync_method=fsync',
];

const addFsync = (files: unknown): void => {
  if (!isNodeFiles(files)) {
    throw new KilnError(
      'INTERNAL',
      'this version of PGlite has other file operations than Kiln knows; install the locked version',
    );
  }
  Object.assign(files.stream_ops, { fsync: (stream: OpenStream) => syncStream(files, stream) });
};

/** 0 as success: the value goes back to Postgres as the result of fsync(). */
const syncStream = (files: NodeFiles, stream: OpenStream): 0 => {
  if (typeof stream.nfd === 'number') fdatasyncSync(stream.nfd);
  else syncDirectory(files.realPath(stream.node));
  return 0;
};

const syncDirectory = (path: string): void => {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const isNodeFiles = (files: unknown): files is NodeFiles =>
  typeof files === 'object' &&
  files !== null &&
  'stream_ops' in files &&
  typeof files.stream_ops === 'object' &&
  files.stream_ops !== null &&
  'realPath' in files &&
  typeof files.realPath === 'function';
