import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const PROJECT = join(import.meta.dirname, '../../..');

/** In a process of its own: the addon is loaded once in one. Prints whether what a cipher was of is still there behind a collection, and other garbage. */
const script = (load: string): string => `
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
${load}
const require = createRequire('${PROJECT}/');
const { bindingAvailable, createCipher, CIPHER_INFO } = require('ssh2/lib/protocol/crypto.js');
const cipherOf = () => {
  const outbound = { seqno: 0, onWrite: () => {}, cipherKey: Buffer.alloc(16), cipherIV: Buffer.alloc(12) };
  const cipher = createCipher({ outbound: { ...outbound, cipherInfo: CIPHER_INFO['aes128-gcm@openssh.com'] } });
  const native = new WeakRef(cipher._instance);
  cipher.free();
  return native;
};
const native = cipherOf();
const other = (() => new WeakRef({}))();
await turn();
globalThis.gc();
console.log(JSON.stringify({ bindingAvailable, cipher: native.deref() !== undefined, other: other.deref() !== undefined }));
`;

const told = async (load: string): Promise<unknown> => {
  const args = ['--expose-gc', '--input-type=module', '-e', script(load)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PROJECT });
  return JSON.parse(stdout);
};

describe('a native cipher of a connection that ended', () => {
  test('is never collected, which would end the process in some versions of Node', async () => {
    const own = `import '${PROJECT}/src/gpu/transports/ssh2.ts';`;
    expect(await told(own)).toEqual({ bindingAvailable: true, cipher: true, other: false });
  });

  test('would be, were it not kept', async () => {
    expect(await told('')).toEqual({ bindingAvailable: true, cipher: false, other: false });
  });
});
