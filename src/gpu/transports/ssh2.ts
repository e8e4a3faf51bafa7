/**
 * ssh2, of which no native cipher is ever collected as garbage. Node 24.19 to 24.21 (and some of 26) abort the process where a collection that runs
 * between two turns of the event loop frees an object of an addon (of node::ObjectWrap, which then removes its clean-up hook), so a daemon would end
 * some time after a connection had. What is kept for the life of the process is a few kilobytes for each exchange of keys, what deciphers among it.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ADDON = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';

const kept: object[] = [];

type Constructor = new (...given: readonly unknown[]) => object;
const isConstructor = (value: unknown): value is Constructor => typeof value === 'function';

const keeping = (native: Constructor): Constructor =>
  new Proxy(native, {
    construct: (target, given: readonly unknown[]) => {
      const made = new target(...given);
      kept.push(made);
      return made;
    },
  });

const exportsOfAddon = (): unknown => {
  try {
    return require(ADDON);
  } catch {
    // Not built: ssh2 has ciphers in JavaScript.
    return null;
  }
};

/** Before ssh2 is loaded, which takes its classes from what the addon exports once. */
const addon = exportsOfAddon();
if (typeof addon === 'object' && addon !== null) {
  for (const [name, value] of Object.entries(addon)) if (isConstructor(value)) Reflect.set(addon, name, keeping(value));
}

export const { default: ssh2 } = await import('ssh2');
