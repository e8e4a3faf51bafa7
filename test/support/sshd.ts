/** A real OpenSSH server on loopback: its own keys, configuration and port, ended with its sessions by `stop`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { HostKeyPin, SshTarget } from '../../src/domain/fleet.ts';
import { HANG_MS } from './limits.ts';

const SSHD = process.env['KILN_SSHD'] ?? '/usr/sbin/sshd';
/** Where util-linux is there, the server dies with the test process, however that ends: a killed run leaves no listener. */
const SETPRIV = '/usr/bin/setpriv';
const DIE_WITH_PARENT = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];
const PORT_TRIES_MAX = 5;

/** Why the suites that need it are skipped, or null. */
export const sshdMissing = existsSync(SSHD) ? null : `${SSHD} is not installed: apt-get install openssh-server`;

export interface Sshd {
  readonly port: number;
  readonly user: string;
  readonly folder: string;
  /** "ssh-ed25519 AAAA…" of the server. */
  readonly hostKeyLine: string;
  readonly hostKey: HostKeyPin;
  /** Private key that the server accepts, and one that it does not. */
  readonly keyPath: string;
  readonly strangerKeyPath: string;
  readonly stop: () => Promise<void>;
}

interface SshdOptions {
  /** More lines for sshd_config, but SetEnv: of several sshd takes the first. */
  readonly settings?: readonly string[];
  /** What its sessions find in their environment, besides an empty home and this process's PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Its sessions read no file of the home of who runs this: what a login does there is not what is tested. */
export const startSshd = async ({ settings = [], env = {} }: SshdOptions = {}): Promise<Sshd> => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-sshd-'));
  const [hostKeyPath, keyPath, strangerKeyPath] = ['host', 'user', 'stranger'].map((name) => generateKey(join(folder, name))) as [
    string,
    string,
    string,
  ];
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(`${keyPath}.pub`));
  // sshd as root wants its separation folder; Debian's package makes it at boot only.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  const home = join(folder, 'home');
  mkdirSync(home);
  const session = setEnv({ HOME: home, PATH: process.env['PATH'] ?? '', ...env });
  const { child, port } = await listen(folder, [...base(folder, hostKeyPath), session, ...settings]);
  const [type = '', base64 = ''] = readFileSync(`${hostKeyPath}.pub`, 'utf8').split(' ');
  return {
    port,
    user: userInfo().username,
    folder,
    hostKeyLine: `${type} ${base64}`,
    hostKey: { kind: 'key', type, base64 },
    keyPath,
    strangerKeyPath,
    stop: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

export const targetOf = (sshd: Sshd, change: Partial<SshTarget> = {}): SshTarget => ({
  host: '127.0.0.1',
  port: sshd.port,
  user: sshd.user,
  credential: { kind: 'key', path: sshd.keyPath },
  hostKey: sshd.hostKey,
  jump: null,
  ...change,
});

export const generateKey = (path: string, passphrase = ''): string => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', path]);
  return path;
};

const base = (folder: string, hostKeyPath: string): readonly string[] => [
  'ListenAddress 127.0.0.1',
  `HostKey ${hostKeyPath}`,
  `AuthorizedKeysFile ${folder}/authorized_keys`,
  'PidFile none',
  'UsePAM no',
  'StrictModes no',
  'PasswordAuthentication no',
  'KbdInteractiveAuthentication no',
  'PermitRootLogin yes',
  'LogLevel VERBOSE',
];

const setEnv = (variables: Readonly<Record<string, string>>): string =>
  `SetEnv ${Object.entries(variables)
    .map(([name, value]) => `"${name}=${value.replaceAll(/["\\]/gu, String.raw`\$&`)}"`)
    .join(' ')}`;

/** A free port may be taken between finding it and using it, so a failed start is tried again with another. */
const listen = async (
  folder: string,
  lines: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly port: number }> => {
  const config = join(folder, 'sshd_config');
  let log = '';
  for (let attempt = 0; attempt < PORT_TRIES_MAX; attempt += 1) {
    const port = await freePort();
    writeFileSync(config, [`Port ${port}`, ...lines].join('\n'));
    const [program, ...rest] = [...DIE_WITH_PARENT, SSHD, '-D', '-e', '-f', config];
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    log = await untilListening(child);
    if (child.exitCode === null) return { child, port };
  }
  throw new Error(`sshd did not start: ${log}`);
};

const untilListening = async (child: ChildProcess): Promise<string> => {
  let log = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const deadline = setTimeout(() => reject(new Error(`sshd did not listen within ${HANG_MS} ms: ${log}`)), HANG_MS);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    if (log.includes('Server listening')) resolve();
  });
  child.once('exit', () => resolve());
  await promise.finally(() => clearTimeout(deadline));
  return log;
};

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};
