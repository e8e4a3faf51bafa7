/** Files and processes that nobody would remove if a signal ended this process: a person's Ctrl-C is no end of theirs. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Calls `onSignal` where a signal ends this process while `work` goes on; the signal then does what it does. */
export const unlessEnded = async <T>(onSignal: () => void, work: () => Promise<T>): Promise<T> => {
  const off = (): void => {
    for (const name of SIGNALS) process.off(name, end);
  };
  const end = (name: NodeJS.Signals): void => {
    off();
    onSignal();
    process.kill(process.pid, name);
  };
  for (const name of SIGNALS) process.on(name, end);
  try {
    return await work();
  } finally {
    off();
  }
};

/** A folder of this machine's for temporary files, for as long as `use` takes. */
export const withTemporaryFolder = async <T>(prefix: string, use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
  return unlessEnded(removeNow, async () => {
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
};
