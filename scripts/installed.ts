/**
 * Exit 0 if node_modules holds exactly what package-lock.json asks for, by npm's own record of what it installed: a developer's
 * `npm install` must not be thrown away by the launcher's `npm ci`. Usage: node scripts/installed.ts production|all
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}
type Packages = Readonly<Record<string, LockEntry>>;

const project = join(import.meta.dirname, '..');

const packagesOf = (path: string): Packages => {
  if (!existsSync(path)) return {};
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- npm itself writes both files
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly packages: Packages }).packages;
};

/** Packages of `wanted` that the scope needs and `present` has not at that version. */
export const missingPackages = (wanted: Packages, present: Packages, scope: string): readonly string[] =>
  Object.entries(wanted)
    .filter(([path, entry]) => path !== '' && entry.optional !== true && (scope === 'all' || entry.dev !== true))
    .filter(([path, entry]) => present[path]?.version !== entry.version)
    .map(([path]) => path);

if (import.meta.main) {
  const wanted = packagesOf(join(project, 'package-lock.json'));
  const present = packagesOf(join(project, 'node_modules', '.package-lock.json'));
  process.exitCode = missingPackages(wanted, present, process.argv[2] ?? 'all').length === 0 ? 0 : 1;
}
