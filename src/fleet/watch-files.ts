/** Tells when files changed, also on file systems that tell nobody: by looking at them. */
import { statSync } from 'node:fs';

const LOOK_EVERY_MS = 1000;

/** `files` may change with each look. Returns what stops it; it does not hold the process. */
export const watchFiles = (files: () => readonly string[], onChange: () => void): (() => void) => {
  let last = signatureOf(files());
  const timer = setInterval(() => {
    const now = signatureOf(files());
    if (now === last) return;
    last = now;
    onChange();
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
};

const signatureOf = (files: readonly string[]): string => files.map((file) => `${file} ${stampOf(file)}`).join('\n');

/** An editor may have taken it away for a moment. */
const stampOf = (file: string): string => {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size} ${stat.ino}` : 'none';
};
