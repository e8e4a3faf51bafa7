/** The runner as one zipapp. The same sources give the same bytes on any machine, so its hash says whether a host has it. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { strToU8, type Zippable, zipSync } from 'fflate';

const SHEBANG = '#!/usr/bin/env python3\n';
const PACKAGE = 'kiln_runner';
const MAIN = `import sys\n\nfrom ${PACKAGE}.__main__ import main\n\nsys.exit(main(sys.argv[1:]))\n`;
const SHIPPED = /\.(py|cu|c|h)$/;
/** Zip stores local time without a zone, so this must be local midnight and not an instant. */
const EPOCH = new Date(1980, 0, 1);

export interface RunnerArchive {
  readonly bytes: Buffer;
  /** sha256 of `bytes`, hex. */
  readonly hash: string;
}

export const RUNNER_SOURCE = fileURLToPath(new URL('runner', import.meta.url));

/** Packs `<source>/kiln_runner`. fflate and not zlib: its compression does not change with the machine's library. */
export const buildRunnerArchive = async (source: string = RUNNER_SOURCE): Promise<RunnerArchive> => {
  const folder = join(source, PACKAGE);
  const names = (await readdir(folder, { recursive: true })).filter((name) => SHIPPED.test(name)).toSorted();
  const entries = await Promise.all(
    names.map(async (name) => [`${PACKAGE}/${name}`, await readFile(join(folder, name))] as const),
  );
  const files: Zippable = Object.fromEntries([['__main__.py', strToU8(MAIN)] as const, ...entries]);
  const bytes = Buffer.concat([Buffer.from(SHEBANG), zipSync(files, { level: 9, mtime: EPOCH })]);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
};
