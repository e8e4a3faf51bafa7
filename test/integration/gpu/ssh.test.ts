import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SshTarget } from '../../../src/domain/fleet.ts';
import type { Transport } from '../../../src/gpu/host-session.ts';
import { buildRunnerArchive } from '../../../src/gpu/runner-archive.ts';
import { runnerEnvironment } from '../../../src/gpu/process-environment.ts';
import { createLocalTransport } from '../../../src/gpu/transports/local.ts';
import { createSshTransport } from '../../../src/gpu/transports/ssh.ts';
import { FrameTalk } from '../../support/frame-talk.ts';
import { freePort, generateKey, type Sshd, sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';
import { FAKE_RUNNER, transportConformance } from './transport.conformance.ts';
import { HANG_MS } from '../../support/limits.ts';

const PROFILES: Readonly<Record<string, string>> = { zsh: '.zshenv', tcsh: '.tcshrc' };

const archive = async (): ReturnType<typeof buildRunnerArchive> => buildRunnerArchive(FAKE_RUNNER);

test('the native crypto of ssh2 is loaded, not its slow JavaScript fallback', () => {
  const crypto: unknown = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js');
  expect(crypto).toMatchObject({ bindingAvailable: true });
});

describe.skipIf(sshdMissing)(`over a real sshd${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  let sshd: Sshd;
  let noForwarding: Sshd;
  let noisy: Sshd;
  let folder: string;
  let runnerFolder: string;
  const opened: Transport[] = [];

  beforeAll(async () => {
    runnerFolder = (await archive()).hash.slice(0, 12);
    sshd = await startSshd();
    noForwarding = await startSshd({ settings: ['AllowStreamLocalForwarding no', 'AllowTcpForwarding no'] });
    noisy = await startSshd({ settings: ['ForceCommand echo Welcome to the lab; echo motd >&2; eval "$SSH_ORIGINAL_COMMAND"'] });
  });
  afterAll(async () => {
    await Promise.all([sshd.stop(), noForwarding.stop(), noisy.stop()]);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-ssh-'));
  });
  afterEach(async () => {
    for (const transport of opened.splice(0)) await transport.close();
    if (existsSync(join(folder, runnerFolder)))
      await createLocalTransport({ folder, archive, env: runnerEnvironment() }).stopRunner(AbortSignal.timeout(HANG_MS));
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (target: SshTarget): Promise<FrameTalk> => {
    const transport = createSshTransport({ target, archive, folder });
    opened.push(transport);
    return new FrameTalk(await transport.open(AbortSignal.timeout(HANG_MS)));
  };
  const failure = async (target: SshTarget): Promise<unknown> =>
    open(target).then(
      () => 'opened',
      (error: unknown) => error,
    );

  describe('transports', () => {
    transportConformance({
      name: 'ssh',
      create: (dir, packed) => createSshTransport({ target: targetOf(sshd), archive: packed, folder: dir }),
    });
    transportConformance({
      name: 'ssh without socket forwarding',
      create: (dir, packed) => createSshTransport({ target: targetOf(noForwarding), archive: packed, folder: dir }),
    });
  });

  describe('the host key', () => {
    const wrong = 'A'.repeat(43);

    test('that is not the pinned one is refused: expected, got and what to do', async () => {
      const error = await failure(targetOf(sshd, { hostKey: { kind: 'fingerprint', sha256: wrong } }));
      expect(error).toMatchObject({ code: 'HOST_KEY_MISMATCH' });
      expect(String(error)).toContain(`expected SHA256:${wrong}, got ${fingerprintByKeygen(sshd)}`);
    });

    test('is compared as ssh-keygen prints it', async () => {
      const sha256 = fingerprintByKeygen(sshd).slice('SHA256:'.length);
      const talk = await open(targetOf(sshd, { hostKey: { kind: 'fingerprint', sha256 } }));
      expect((await talk.attach()).type).toBe('hello');
    });

    test('not configured: refused with the line to add', async () => {
      const error = await failure(targetOf(sshd, { hostKey: { kind: 'none' } }));
      expect(error).toMatchObject({ code: 'HOST_KEY_MISMATCH' });
      expect(String(error)).toContain(`hostKey: "${fingerprintByKeygen(sshd)}"`);
    });

    test('in a known_hosts that ssh-keygen hashed', async () => {
      const path = join(folder, 'known_hosts');
      writeFileSync(path, `[127.0.0.1]:${sshd.port} ${sshd.hostKeyLine}\n`);
      execFileSync('ssh-keygen', ['-q', '-H', '-f', path]);
      expect((await (await open(targetOf(sshd, { hostKey: { kind: 'known-hosts', path } }))).attach()).type).toBe('hello');
      expect(await failure(targetOf(noisy, { hostKey: { kind: 'known-hosts', path } }))).toMatchObject({
        code: 'HOST_KEY_MISMATCH',
      });
    });

    test('of the jump host is checked too', async () => {
      const jump = targetOf(sshd, { hostKey: { kind: 'fingerprint', sha256: wrong } });
      expect(await failure(targetOf(noisy, { jump }))).toMatchObject({ code: 'HOST_KEY_MISMATCH' });
    });
  });

  describe('the login', () => {
    test('with a key the host does not know is refused, with the line to add there', async () => {
      const error = await failure(targetOf(sshd, { credential: { kind: 'key', path: sshd.strangerKeyPath } }));
      expect(error).toMatchObject({ code: 'HOST_AUTH_REFUSED' });
      expect(String(error)).toContain(`"ssh-keygen -y -f ${sshd.strangerKeyPath}"`);
    });

    test('with a key behind a passphrase says to use the agent', async () => {
      const path = generateKey(join(folder, 'locked'), 'long passphrase');
      const error = await failure(targetOf(sshd, { credential: { kind: 'key', path } }));
      expect(error).toMatchObject({
        code: 'HOST_AUTH_REFUSED',
        message: expect.stringContaining('load it into ssh-agent') as string,
      });
    });

    test('with something that is no key does not repeat it', async () => {
      const path = join(folder, 'no-key');
      writeFileSync(path, 'my secret diary', { mode: 0o600 });
      const error = await failure(targetOf(sshd, { credential: { kind: 'key', path } }));
      expect(error).toMatchObject({
        code: 'HOST_AUTH_REFUSED',
        message: expect.stringContaining('is not a private key') as string,
      });
      expect(String(error)).not.toContain('diary');
    });

    test.each([
      ['RSA', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
      ['EC', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
      ['Ed25519', ['genpkey', '-algorithm', 'ED25519']],
    ])('with a PKCS#8 key of %s, as openssl writes it', async (name, command) => {
      const path = join(folder, name);
      execFileSync('openssl', [...command, '-out', path], { stdio: 'ignore' });
      chmodSync(path, 0o600);
      const publicKey = createPublicKey(readFileSync(path));
      appendFileSync(join(sshd.folder, 'authorized_keys'), `${opensshLine(path, publicKey)}\n`);
      const talk = await open(targetOf(sshd, { credential: { kind: 'key', path } }));
      expect((await talk.attach()).type).toBe('hello');
    });

    test.each([
      [
        'a PKCS#8 key behind a passphrase',
        ['genpkey', '-algorithm', 'ED25519', '-aes256', '-pass', 'pass:secret1'],
        /has a passphrase; load it into ssh-agent/,
      ],
      ['a key of another kind', ['genpkey', '-algorithm', 'ED448'], /cannot be used; rewrite it by: ssh-keygen -p -f /],
    ])('with %s says what to do', async (_name, command, said) => {
      const path = join(folder, 'key');
      execFileSync('openssl', [...command, '-out', path], { stdio: 'ignore' });
      chmodSync(path, 0o600);
      const error = await failure(targetOf(sshd, { credential: { kind: 'key', path } }));
      expect(error).toMatchObject({ code: 'HOST_AUTH_REFUSED' });
      expect(String(error)).toMatch(said);
    });

    test('with a public key says to put the private one, or the agent beside it', async () => {
      const error = await failure(targetOf(sshd, { credential: { kind: 'key', path: `${sshd.keyPath}.pub` } }));
      expect(error).toMatchObject({ code: 'HOST_AUTH_REFUSED' });
      expect(String(error)).toContain(`is a public key; put ${sshd.keyPath} there, or agent: true beside it`);
    });

    test('with a key that others can read, or that is not there, is refused before anything is sent', async () => {
      const path = generateKey(join(folder, 'open'));
      chmodSync(path, 0o644);
      expect(String(await failure(targetOf(sshd, { credential: { kind: 'key', path } })))).toContain(
        `can be read or changed by others (mode 0644), so it is not used; chmod 600 ${path}`,
      );
      const gone = await failure(targetOf(sshd, { credential: { kind: 'key', path: join(folder, 'gone') } }));
      expect(gone).toMatchObject({ code: 'HOST_AUTH_REFUSED', message: expect.stringContaining('cannot be read') as string });
    });

    test('through an agent with many keys ends in too many failures, and works with the one that is chosen', async () => {
      const socket = join(folder, 'agent');
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        await once(agent.stdout, 'data');
        for (let n = 0; n < 8; n += 1) {
          execFileSync('ssh-add', ['-q', generateKey(join(folder, `other-${n}`))], {
            env: { SSH_AUTH_SOCK: socket },
            stdio: 'ignore',
          });
        }
        execFileSync('ssh-add', ['-q', sshd.keyPath], { env: { SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
        const error = await failure(targetOf(sshd, { credential: { kind: 'agent', socket, identity: null } }));
        expect(error).toMatchObject({ code: 'HOST_AUTH_REFUSED' });
        expect(String(error)).toMatch(/too many keys .*put the path of its public key beside agent/);
        const identity = `${sshd.keyPath}.pub`;
        const talk = await open(targetOf(sshd, { credential: { kind: 'agent', socket, identity } }));
        expect((await talk.attach()).type).toBe('hello');
      } finally {
        agent.kill();
        await once(agent, 'exit');
      }
    });

    test('through an ssh-agent works', async () => {
      const socket = join(folder, 'agent');
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        await once(agent.stdout, 'data');
        execFileSync('ssh-add', ['-q', sshd.keyPath], { env: { SSH_AUTH_SOCK: socket } });
        const talk = await open(targetOf(sshd, { credential: { kind: 'agent', socket, identity: null } }));
        expect((await talk.attach()).type).toBe('hello');
      } finally {
        agent.kill();
        await once(agent, 'exit');
      }
    });

    test('through an agent that is gone says so', async () => {
      const error = await failure(
        targetOf(sshd, { credential: { kind: 'agent', socket: join(folder, 'gone'), identity: null } }),
      );
      expect(error).toMatchObject({
        code: 'HOST_AUTH_REFUSED',
        message: expect.stringContaining('is ssh-agent running?') as string,
      });
    });
  });

  describe('the way', () => {
    test('is a stream to the socket where sshd allows it, the bridge where it does not', async () => {
      await (await open(targetOf(sshd))).attach();
      expect(bridgesIn(folder)).toBe(0);
      await (await open(targetOf(noForwarding))).attach();
      expect(bridgesIn(folder)).toBe(1);
    });

    test('a login script that prints does no harm', async () => {
      expect((await (await open(targetOf(noisy))).attach()).type).toBe('hello');
    });

    test.each([
      ['prints without a line end', 'printf Welcome; eval "$SSH_ORIGINAL_COMMAND"'],
      ['sets the title of a terminal', String.raw`printf '\033]0;lab\007'; eval "$SSH_ORIGINAL_COMMAND"`],
      ['prints without a line end before and after', 'printf Welcome; eval "$SSH_ORIGINAL_COMMAND"; printf "Good }bye"'],
      ['prints lines before and after', 'echo Welcome; eval "$SSH_ORIGINAL_COMMAND"; echo Goodbye'],
    ])('a login script that %s does no harm', async (_what, script) => {
      const greeting = await startSshd({ settings: [`ForceCommand ${script}`] });
      try {
        const talk = await open(targetOf(greeting));
        expect((await talk.attach()).type).toBe('hello');
      } finally {
        await greeting.stop();
      }
    });

    test.for([
      ['bash', 'unset BASH_ENV\nprintf Welcome\ntrap "printf Goodbye" EXIT\n', (file: string) => ({ env: { BASH_ENV: file } })],
      [
        'zsh',
        String.raw`print -n "\e]0;lab\a"` + '\n',
        (file: string) => ({ env: { ZDOTDIR: dirname(file) }, settings: ['ForceCommand zsh -c "$SSH_ORIGINAL_COMMAND"'] }),
      ],
      [
        'tcsh',
        'echo -n Welcome\n',
        (file: string) => ({ env: { HOME: dirname(file) }, settings: ['ForceCommand tcsh -c "$SSH_ORIGINAL_COMMAND"'] }),
      ],
    ] as const)('a profile of %s that prints without a line end does no harm', async ([shell, profile, login], { skip }) => {
      skip(spawnSync(shell, ['-c', 'true']).error !== undefined, `${shell} is not installed`);
      const file = join(folder, PROFILES[shell] ?? 'profile');
      writeFileSync(file, profile);
      const greeting = await startSshd(login(file));
      try {
        const talk = await open(targetOf(greeting));
        expect((await talk.attach()).type).toBe('hello');
      } finally {
        await greeting.stop();
      }
    });

    test.each([
      [
        'no algorithm in common',
        ['KexAlgorithms diffie-hellman-group1-sha1'],
        /no algorithm in common .*KexAlgorithms, Ciphers, MACs/,
      ],
      ['Python 2', [String.raw`ForceCommand echo "Unknown option: -I" >&2; exit 2`], /too old a Python.*install Python 3.9/],
      ['no python', ['ForceCommand exit 127'], /python3 was not found on the host.*install Python 3.9/],
    ])('%s is told with its remedy', async (_cause, settings, said) => {
      const server = await startSshd({ settings });
      try {
        const error = await failure(targetOf(server));
        expect(String(error)).toMatch(said);
        expect(error).toMatchObject({ details: { remedy: expect.stringMatching(/./) as string } });
      } finally {
        await server.stop();
      }
    });

    test('a folder that cannot be made is told with runnerDir', async () => {
      const transport = createSshTransport({ target: targetOf(sshd), archive, folder: '/proc/nowhere' });
      opened.push(transport);
      await expect(transport.open(AbortSignal.timeout(HANG_MS))).rejects.toThrow(/set runnerDir of the host to a folder/);
    });

    test('through a jump host', async () => {
      const talk = await open(targetOf(noForwarding, { jump: targetOf(sshd) }));
      expect((await talk.attach()).type).toBe('hello');
    });

    test('through two jump hosts', async () => {
      const talk = await open(targetOf(sshd, { jump: targetOf(noisy, { jump: targetOf(sshd) }) }));
      expect((await talk.attach()).type).toBe('hello');
    });

    test('a jump host that may not forward is named', async () => {
      const error = await failure(targetOf(sshd, { jump: targetOf(noForwarding) }));
      expect(error).toMatchObject({
        code: 'HOST_UNREACHABLE',
        message: expect.stringContaining('the jump host cannot reach it') as string,
      });
    });

    test('nobody listens', async () => {
      expect(await failure(targetOf(sshd, { port: await freePort() }))).toMatchObject({
        code: 'HOST_UNREACHABLE',
        message: expect.stringContaining('connection refused; is sshd running there') as string,
      });
    });

    test('an unknown name', async () => {
      expect(await failure(targetOf(sshd, { host: 'no-such-host.invalid' }))).toMatchObject({ code: 'HOST_UNREACHABLE' });
    });

    test('something that is not SSH', async () => {
      const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      expect(await failure(targetOf(sshd, { port }))).toMatchObject({ code: 'HOST_UNREACHABLE' });
      server.close();
    });
  });
});

/** The authorized_keys line of a key that openssl made. */
const opensshLine = (path: string, publicKey: KeyObject): string => {
  const file = `${path}.spki`;
  writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }));
  if (publicKey.asymmetricKeyType !== 'ed25519')
    return execFileSync('ssh-keygen', ['-i', '-m', 'PKCS8', '-f', file], { encoding: 'utf8' }).trim();
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const header = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 32])]);
  return `ssh-ed25519 ${Buffer.concat([header, point]).toString('base64')}`;
};

const fingerprintByKeygen = (sshd: Sshd): string =>
  execFileSync('ssh-keygen', ['-lf', join(sshd.folder, 'host.pub')], { encoding: 'utf8' }).split(' ')[1] ?? '';

/** Running `attach` commands of that folder. */
const bridgesIn = (folder: string): number =>
  globSync('/proc/[0-9]*/cmdline').filter((file) => {
    try {
      const argv = readFileSync(file, 'utf8').split('\0');
      return argv.includes('attach') && argv.some((word) => word.startsWith(`${folder}/`));
    } catch {
      // The process ended meanwhile.
      return false;
    }
  }).length;
