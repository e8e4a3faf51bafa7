/** What ssh2 reports -> a KilnError that says which host it was and what to do. */
import { KilnError } from '../../domain/errors.ts';
import type { SshTarget } from '../../domain/fleet.ts';

/** "user@host:port", with the way there. No secrets. */
export const describeTarget = ({ user, host, port, jump }: SshTarget): string =>
  `${user}@${host}:${port}${jump ? ` via ${describeTarget(jump)}` : ''}`;

type SshError = Error & { readonly level?: unknown; readonly code?: unknown };

interface Failure {
  readonly code: 'HOST_UNREACHABLE' | 'HOST_AUTH_REFUSED' | 'HOST_KEY_MISMATCH';
  readonly what: string;
  /** What to do about this cause. */
  readonly remedy: string;
}

export const sshFailure = (error: SshError, target: SshTarget): KilnError => {
  const { code, what, remedy } = failureOf(error, target);
  return new KilnError(code, `${describeTarget(target)}: ${what}; ${remedy}`, { cause: error, details: { remedy } });
};

const failureOf = (error: SshError, target: SshTarget): Failure => {
  if (/too many authentication failures/i.test(error.message)) return tooManyKeys(target);
  switch (error.level) {
    case 'client-authentication':
      return {
        code: 'HOST_AUTH_REFUSED',
        what: `the server refused the login with ${credentialName(target)}`,
        remedy: remedyOf(target),
      };
    case 'agent':
      return {
        code: 'HOST_AUTH_REFUSED',
        what: `${credentialName(target)} does not answer (${error.message})`,
        remedy: 'is ssh-agent running?',
      };
    case 'client-timeout':
      return unreachable('no SSH server answered in time', 'check address, port and firewall');
    default:
      return negotiationOf(error) ?? networkOf(error);
  }
};

/** A server counts every key that it is offered. */
const tooManyKeys = (target: SshTarget): Failure => ({
  code: 'HOST_AUTH_REFUSED',
  what: `the server ended the login after too many keys of ${credentialName(target)}`,
  remedy:
    target.credential.kind === 'agent' && target.credential.identity === null
      ? 'choose one of them: put the path of its public key beside agent, as key: ~/.ssh/x.pub'
      : remedyOf(target),
});

const credentialName = ({ credential }: SshTarget): string => {
  if (credential.kind === 'key') return `the key ${credential.path}`;
  const agent = `the agent at ${credential.socket}`;
  return credential.identity === null ? agent : `the key ${credential.identity} of ${agent}`;
};

const remedyOf = ({ credential, user }: SshTarget): string => {
  const there = `into ~/.ssh/authorized_keys of ${user} there, or correct user and key`;
  if (credential.kind === 'key') return `put the line that "ssh-keygen -y -f ${credential.path}" prints ${there}`;
  if (credential.identity === null) return `put a line that "ssh-add -L" prints ${there}`;
  return `load it into the agent ("ssh-add -L" must list it), and put the line of ${credential.identity} ${there}`;
};

/** The two sides share no algorithm of some kind. */
const negotiationOf = ({ message }: SshError): Failure | null => {
  const kind = /no matching ([\w -]+)/i.exec(message)?.[1]?.trim();
  if (kind === undefined) return null;
  if (/host key/i.test(kind)) {
    const remedy = 'pin a key of a type that the server has: ssh-keyscan HOST lists them';
    return { code: 'HOST_KEY_MISMATCH', what: 'the server has no host key of the pinned type', remedy };
  }
  return unreachable(
    `no algorithm in common with the server (${kind})`,
    'update the SSH server there, or allow a current one in its sshd_config (KexAlgorithms, Ciphers, MACs)',
  );
};

const NETWORK: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ECONNREFUSED: ['connection refused', 'is sshd running there, on that port?'],
  ENOTFOUND: ['the name is not known', 'correct host, or add the name to DNS or /etc/hosts'],
  EAI_AGAIN: ['the name could not be looked up', 'is the network up, and the name server?'],
  EHOSTUNREACH: ['no route to the host', 'check address and network; is the host up?'],
  ENETUNREACH: ['no route to the network', 'check address and network'],
  ETIMEDOUT: ['no answer', 'check address and firewall; is the host up?'],
  ECONNRESET: ['the connection was cut', 'look into the log of sshd there'],
};

const networkOf = (error: SshError): Failure => {
  const [what, remedy] = (typeof error.code === 'string' ? NETWORK[error.code] : undefined) ?? [
    error.message,
    'check that an SSH server answers at that address and port',
  ];
  return unreachable(what, remedy);
};

const unreachable = (what: string, remedy: string): Failure => ({ code: 'HOST_UNREACHABLE', what, remedy });
