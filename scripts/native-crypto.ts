/** Exit 1 if ssh2's addon does not load: ssh2 itself falls back to slow JavaScript crypto without a word. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const ADDON = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';

/** Null if it loads, otherwise why not. */
export const nativeCryptoFault = (): string | null => {
  try {
    createRequire(import.meta.url)(join(import.meta.dirname, '..', 'node_modules', ADDON));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1).join('') : String(error);
  }
};

if (import.meta.main) {
  const fault = nativeCryptoFault();
  if (fault !== null) process.stderr.write(`${fault}\n`);
  process.exitCode = fault === null ? 0 : 1;
}
