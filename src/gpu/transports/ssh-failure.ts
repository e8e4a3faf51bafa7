/** What ssh2 reports -> a KilnError that says which host it was and what to do. */
import { KilnError } from '../../domain/errors.ts';
import type { SshTarget } from '../../domain/fleet.ts';

/** "user@host:port", with the way there. No secrets. */
export const describeTarget = ({ user, host, port, jump }: SshTarget): string =>
  `${user}@${host}:${port}${jump ? ` via ${describeTarget(jump)}` : ''}`;

type SshError = Error & { readonly level?: unknown; readonly code?: unknown };

export const sshFailure = (error: SshError, target: SshTarget): KilnError => {
  const where = describeTarget(target);
  const failed = (code: 'HOST_UNREACHABLE' | 'HOST_AUTH_REFUSED', what: string): KilnError =>
    new KilnError(code, `${where}: ${what}`, { cause: error });
  switch (error.level) {
    case 'client-authentication':
      return failed('HOST_AUTH_REFUSED', `the server refused the login with ${credentialName(target)}; ${mendOf(target)}`);
    case 'agent':
      return failed('HOST_AUTH_REFUSED', `${credentialName(target)} does not answer (${error.message}); is ssh-agent running?`);
    case 'client-timeout':
      return failed('HOST_UNREACHABLE', 'no SSH server answered in time; check address, port and firewall');
    default:
      return failed('HOST_UNREACHABLE', reasonOf(error));
  }
};

const credentialName = ({ credential }: SshTarget): string =>
  credential.kind === 'key' ? `the key ${credential.path}` : `the agent at ${credential.socket}`;

const mendOf = ({ credential, user }: SshTarget): string => {
  const line =
    credential.kind === 'key' ? `the line that "ssh-keygen -y -f ${credential.path}" prints` : 'a line that "ssh-add -L" prints';
  return `put ${line} into ~/.ssh/authorized_keys of ${user} there, or correct user and key`;
};

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; is sshd running there, on that port?',
  ENOTFOUND: 'the name is not known; correct host',
  EAI_AGAIN: 'the name could not be looked up; is the network up?',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer; check address and firewall',
  ECONNRESET: 'the connection was cut',
};

const reasonOf = (error: SshError): string => (typeof error.code === 'string' ? REASONS[error.code] : undefined) ?? error.message;
