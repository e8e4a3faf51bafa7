/** How we log in: a private key in any form that people have it in, or one identity or all of an ssh-agent. Key material is never repeated. */
import { readFile, stat } from 'node:fs/promises';
import type { ConnectConfig, OpenSSHAgent, ParsedKey } from 'ssh2';
import { KilnError } from '../../domain/errors.ts';
import type { SshTarget } from '../../domain/fleet.ts';
import { toSshKey } from './pkcs8.ts';
import { ssh2 } from './ssh2.ts';
import { describeTarget } from './ssh-failure.ts';

const PUBLIC_ENDING = '.pub';
/** Refused like ssh does: a key that others can read is nobody's proof. */
const OPEN_TO_OTHERS = 0o077;

/** Rejects with HOST_AUTH_REFUSED, with what to do. */
export const credentialOf = async (target: SshTarget): Promise<ConnectConfig> => {
  const { credential } = target;
  return credential.kind === 'key' ? keyOf(target, credential.path) : agentOf(target, credential);
};

const keyOf = async (target: SshTarget, path: string): Promise<ConnectConfig> => {
  const refuse = refusalOf(target, `the key file ${path}`);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw refuse('cannot be read', {
      remedy: 'put the path of the private key into key, readable to the user of the daemon',
      cause,
    });
  });
  const { mode, uid } = await stat(path);
  // Another user's file is that user's affair.
  if (uid === process.getuid?.() && (mode & OPEN_TO_OTHERS) !== 0 && !path.endsWith(PUBLIC_ENDING)) {
    const shown = (mode & 0o7777).toString(8).padStart(4, '0');
    throw refuse(`can be read or changed by others (mode ${shown}), so it is not used`, { remedy: `chmod 600 ${path}` });
  }
  const privateKey = /BEGIN (?:ENCRYPTED )?PRIVATE KEY/.test(bytes.toString('latin1'))
    ? converted(bytes, { path, refuse })
    : bytes;
  const parsed = firstOf(ssh2.utils.parseKey(privateKey));
  if (parsed instanceof Error) {
    if (/encrypted/i.test(parsed.message)) throw refuse('has a passphrase', { remedy: LOAD_IT });
    throw refuse('is not a private key', {
      remedy: `put the path of a private key there; one of another form is rewritten by: ssh-keygen -p -f ${path}`,
    });
  }
  if (!parsed.isPrivateKey()) {
    const remedy = path.endsWith(PUBLIC_ENDING)
      ? `put ${path.slice(0, -PUBLIC_ENDING.length)} there, or agent: true beside it to choose that key of the agent`
      : 'put the private key there, or agent: true beside it to choose that key of the agent';
    throw refuse('is a public key', { remedy });
  }
  return { privateKey, authHandler: ['publickey'] };
};

const LOAD_IT = 'load it into ssh-agent (ssh-add) and use agent: true';

/** PKCS#8, as openssl writes it: ssh2 reads other forms only. */
const converted = (pem: Buffer, { path, refuse }: { readonly path: string; readonly refuse: Refuse }): Buffer => {
  if (pem.includes('BEGIN ENCRYPTED PRIVATE KEY')) throw refuse('has a passphrase', { remedy: LOAD_IT });
  const key = toSshKey(pem);
  if (key) return key;
  throw refuse('is a private key of a form that cannot be used', { remedy: `rewrite it by: ssh-keygen -p -f ${path}` });
};

type AgentCredential = Extract<SshTarget['credential'], { kind: 'agent' }>;

const agentOf = async (target: SshTarget, { socket, identity }: AgentCredential): Promise<ConnectConfig> => {
  if (socket === '') {
    const refuse = refusalOf(target, 'the agent');
    throw refuse('is not known: SSH_AUTH_SOCK is not set', {
      remedy: 'start ssh-agent, put the path of its socket into agent, or give a key',
    });
  }
  if (identity === null) return { agent: socket, authHandler: ['agent'] };
  const refuse = refusalOf(target, `the public key ${identity}`);
  const text = await readFile(identity).catch((cause: unknown) => {
    throw refuse('cannot be read', { remedy: 'put the path of a public key (x.pub) into key beside agent', cause });
  });
  const wanted = firstOf(ssh2.utils.parseKey(text));
  if (wanted instanceof Error)
    throw refuse('is not a public key', { remedy: 'put the path of a public key (x.pub) into key beside agent' });
  return { agent: new OneIdentity(socket, wanted), authHandler: ['agent'] };
};

/** Offers one key of the agent: a server ends the connection after a few that it does not know. */
class OneIdentity extends ssh2.OpenSSHAgent {
  readonly #wanted: Buffer;

  constructor(socket: string, wanted: ParsedKey) {
    super(socket);
    this.#wanted = wanted.getPublicSSH();
  }

  override getIdentities(callback: Parameters<OpenSSHAgent['getIdentities']>[0]): void {
    super.getIdentities((error, keys) => {
      if (error) return callback(error);
      callback(undefined, keys?.filter((key) => 'getPublicSSH' in key && key.getPublicSSH().equals(this.#wanted)) ?? []);
    });
  }
}

/** ssh2 answers a list for files that may hold several keys. */
const firstOf = (parsed: ParsedKey | readonly ParsedKey[] | Error): ParsedKey | Error => {
  if (parsed instanceof Error) return parsed;
  if (!('length' in parsed)) return parsed;
  return parsed[0] ?? new Error('no key');
};

type Refuse = (what: string, options: { readonly remedy: string; readonly cause?: unknown }) => KilnError;

/** The parser's own message may quote the file, so it is not passed on. */
const refusalOf =
  (target: SshTarget, subject: string): Refuse =>
  (what, { remedy, cause }) =>
    new KilnError('HOST_AUTH_REFUSED', `${describeTarget(target)}: ${subject} ${what}; ${remedy}`, {
      cause,
      details: { remedy },
    });
