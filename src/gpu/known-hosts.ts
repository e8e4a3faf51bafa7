/** OpenSSH's known_hosts format: plain, wildcard, negated and hashed names, `[host]:port`, `@revoked`. sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
import { createHmac } from 'node:crypto';

const SSH_PORT = 22;

export interface KnownKey {
  readonly type: string;
  /** The key blob as on the wire. */
  readonly base64: string;
}

export interface KnownKeys {
  readonly trusted: readonly KnownKey[];
  readonly revoked: readonly KnownKey[];
}

/** What `text` says of the server. Certificate authorities are not supported, so their lines vouch for nothing. */
export const knownKeysOf = (text: string, host: string, port: number): KnownKeys => {
  const name = port === SSH_PORT ? host : `[${host}]:${port}`;
  const lines = text.split('\n').flatMap(parseLine);
  const matching = lines.filter((line) => matches(line.names, name.toLowerCase()));
  return {
    trusted: matching.filter((line) => line.marker === null).map(({ key }) => key),
    revoked: matching.filter((line) => line.marker === '@revoked').map(({ key }) => key),
  };
};

interface Line {
  readonly marker: string | null;
  readonly names: string;
  readonly key: KnownKey;
}

const parseLine = (line: string): readonly Line[] => {
  const words = line.trim().split(/\s+/);
  if (words[0] === '' || words[0]?.startsWith('#')) return [];
  const marker = words[0]?.startsWith('@') ? (words.shift() ?? null) : null;
  const [names, type, base64] = words;
  return names === undefined || type === undefined || base64 === undefined ? [] : [{ marker, names, key: { type, base64 } }];
};

const matches = (names: string, name: string): boolean => {
  if (names.startsWith('|')) return matchesHash(names, name);
  const patterns = names.toLowerCase().split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && globOf(pattern.slice(1)).test(name))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && globOf(pattern).test(name));
};

/** `|1|salt|HMAC-SHA1 of the name`. */
const matchesHash = (hashed: string, name: string): boolean => {
  const [, version, salt, hash] = hashed.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
};

const globOf = (pattern: string): RegExp => {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
};
