/** Whether a server is the one we mean. ssh2 accepts every key unless told otherwise; here every path that does not match refuses. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { KilnError } from '../domain/errors.ts';
import type { SshTarget } from '../domain/fleet.ts';
import { type KnownKey, type KnownKeys, knownKeysOf } from './known-hosts.ts';

export interface HostKeyCheck {
  /** Signature algorithms to ask for, so that the server shows a key of the pinned type; undefined: any. */
  readonly algorithms: ServerHostKeyAlgorithm[] | undefined;
  /** Null when the key is the pinned one, otherwise the error to end the connection with. */
  readonly verify: (key: Buffer) => KilnError | null;
}

type Target = Pick<SshTarget, 'host' | 'port' | 'hostKey'>;

/** Reads the known_hosts file where the pin names one. */
export const hostKeyCheck = async (target: Target): Promise<HostKeyCheck> => {
  const { hostKey: pin } = target;
  switch (pin.kind) {
    case 'none':
      return { algorithms: undefined, verify: (key) => mismatch(target, unpinned(key)) };
    case 'fingerprint':
      return {
        algorithms: undefined,
        verify: (key) => (fingerprintOf(key) === pin.sha256 ? null : mismatch(target, otherFingerprint(pin.sha256, key))),
      };
    case 'key':
      return checkKeys(target, { trusted: [pin], revoked: [] }, 'hostKey of the fleet file');
    case 'known-hosts':
      return checkKeys(target, knownKeysOf(await knownHostsText(target, pin.path), target.host, target.port), pin.path);
  }
};

const knownHostsText = async (target: Target, path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    const remedy = 'put the path of a known_hosts file into knownHosts, or pin the key with hostKey';
    const message = `${target.host}:${target.port}: ${path} cannot be read; ${remedy}`;
    throw new KilnError('HOST_KEY_MISMATCH', message, { cause, details: { remedy } });
  });

/** As ssh-keygen -l prints it, without its "SHA256:". */
export const fingerprintOf = (key: Buffer): string => createHash('sha256').update(key).digest('base64').replace(/=+$/, '');

const checkKeys = (target: Target, known: KnownKeys, source: string): HostKeyCheck => {
  const algorithms = known.trusted.flatMap(({ type }) => ALGORITHMS[type] ?? []);
  return {
    algorithms: algorithms.length > 0 ? [...new Set(algorithms)] : undefined,
    verify: (key) => {
      if (holds(known.revoked, key))
        return mismatch(
          target,
          `its key SHA256:${fingerprintOf(key)} is revoked in ${source}; do not connect until you know why`,
        );
      if (holds(known.trusted, key)) return null;
      return mismatch(target, known.trusted.length === 0 ? notListed(target, source, key) : otherKey(known.trusted, source, key));
    },
  };
};

const holds = (keys: readonly KnownKey[], key: Buffer): boolean =>
  keys.some(({ base64 }) => Buffer.from(base64, 'base64').equals(key));

/** Key type -> how such a key may sign. SHA-1 signatures of RSA keys are left out on purpose. */
const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
};

const mismatch = ({ host, port }: Target, what: string): KilnError =>
  new KilnError('HOST_KEY_MISMATCH', `${host}:${port}: ${what}`, { details: { host, port } });

const COMPARE = 'on the host itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub';

const unpinned = (key: Buffer): string =>
  `no host key is configured, so nothing is sent. It shows its ${typeOf(key)} key. If that is right (${COMPARE}), add to its ssh section: hostKey: "SHA256:${fingerprintOf(key)}"`;

const otherFingerprint = (expected: string, key: Buffer): string =>
  `the host key is not the pinned one: expected SHA256:${expected}, got SHA256:${fingerprintOf(key)} (${typeOf(key)}). If the host was reinstalled, compare (${COMPARE}) and correct hostKey; if you pinned its key of another type, put that whole public key line; otherwise someone may be in between`;

const otherKey = (trusted: readonly KnownKey[], source: string, key: Buffer): string => {
  const expected = trusted.map(({ base64 }) => `SHA256:${fingerprintOf(Buffer.from(base64, 'base64'))}`).join(' or ');
  return `the host key is not the one of ${source}: expected ${expected}, got SHA256:${fingerprintOf(key)} (${typeOf(key)}). If the host was reinstalled, compare (${COMPARE}) and correct ${source}; otherwise someone may be in between`;
};

const notListed = ({ host, port }: Target, source: string, key: Buffer): string => {
  const name = port === 22 ? host : `[${host}]:${port}`;
  return `the host is not in ${source}. If its key SHA256:${fingerprintOf(key)} is right (${COMPARE}), add the line: ${name} ${typeOf(key)} ${key.toString('base64')}`;
};

/** The blob starts with the length and name of its type. The name comes from the server, so only harmless characters are shown. */
const typeOf = (key: Buffer): string => {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.toString('latin1', 4, 4 + Math.min(length, 64)).replaceAll(/[^\w@.-]/g, '?');
};
