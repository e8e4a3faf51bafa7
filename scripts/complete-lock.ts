/**
 * Adds the optional packages of other platforms to package-lock.json. A registry mirror that lacks some of them makes npm leave them
 * out of the lock, and `npm ci` then refuses the lock everywhere. Such an entry has no integrity: nobody here could download it.
 * Run it after every `npm install PACKAGE`: node scripts/complete-lock.ts [LOCKFILE]
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockEntry {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}
interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const OS = ['android', 'darwin', 'linux', 'win32', 'freebsd', 'openharmony'];
const CPU = ['arm64', 'x64', 'arm', 'ppc64', 'riscv64', 's390x', 'ia32'];

const platformOf = (name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> => {
  const words = name.split(/[/-]/u);
  const os = OS.find((word) => words.includes(word));
  const cpu = CPU.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) {
    throw new Error(`${name} is missing from the lock and its name tells no platform: install it where the registry has it`);
  }
  if (os !== 'linux') return { os: [os], cpu: [cpu] };
  return { os: [os], cpu: [cpu], libc: [words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'] };
};

/** Missing `optionalDependencies` of every entry, keyed as the lock keys them. */
export const missingOptionals = (lock: Lock): Readonly<Record<string, LockEntry>> => {
  const missing: Record<string, LockEntry> = {};
  for (const parent of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const present = Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`));
      if (present) continue;
      missing[`node_modules/${name}`] = {
        version,
        ...platformOf(name),
        ...(parent.dev === true ? { dev: true } : {}),
        optional: true,
      };
    }
  }
  return missing;
};

const complete = (path: string): void => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- npm itself checks this file on every install
  const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock;
  const all = Object.entries({ ...lock.packages, ...missingOptionals(lock) });
  const packages = Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
};

if (import.meta.main) complete(process.argv[2] ?? 'package-lock.json');
