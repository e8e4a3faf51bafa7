/** Whether others of this machine can get at a file that holds a secret, judged as ssh judges private keys. */
import { statSync } from 'node:fs';

const OF_OTHERS = 0o077;

/** "mode 0644", or null: nobody else can, or the file is not there, or it is another user's (then its mode is that user's affair). */
export const modeOpenToOthers = (path: string): string | null => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat || stat.uid !== process.getuid?.() || (stat.mode & OF_OTHERS) === 0) return null;
  return `mode ${(stat.mode & 0o7777).toString(8).padStart(4, '0')}`;
};
