import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostKeyPin } from '../../../src/domain/fleet.ts';
import { fingerprintOf, hostKeyCheck } from '../../../src/gpu/host-key.ts';
import { knownKeysOf } from '../../../src/gpu/known-hosts.ts';

const blobOf = (type: string, body: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(body)]);
};
const ED = blobOf('ssh-ed25519', 'one').toString('base64');
const RSA = blobOf('ssh-rsa', 'two').toString('base64');
const typesOf = (text: string, host: string, port = 22): readonly string[] =>
  knownKeysOf(text, host, port).trusted.map((key) => key.type);
const hashed = (name: string): string => {
  const salt = Buffer.from('salt of twenty bytes');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('known_hosts', () => {
  test.each([
    ['a plain name', `box ssh-ed25519 ${ED}`, 'box', 22, 1],
    ['one of several names', `other,box,10.0.0.1 ssh-ed25519 ${ED}`, '10.0.0.1', 22, 1],
    ['a name in another case', `Box ssh-ed25519 ${ED}`, 'bOX', 22, 1],
    ['a wildcard', `*.lab.example ssh-ed25519 ${ED}`, 'gpu1.lab.example', 22, 1],
    ['a single-character wildcard', `gpu? ssh-ed25519 ${ED}`, 'gpu7', 22, 1],
    ['a dot that is no wildcard', `a.b ssh-ed25519 ${ED}`, 'axb', 22, 0],
    ['a negated name', `*.lab,!bad.lab ssh-ed25519 ${ED}`, 'bad.lab', 22, 0],
    ['a port', `[box]:2222 ssh-ed25519 ${ED}`, 'box', 2222, 1],
    ['the wrong port', `[box]:2222 ssh-ed25519 ${ED}`, 'box', 22, 0],
    ['no port but one asked for', `box ssh-ed25519 ${ED}`, 'box', 2222, 0],
    ['a hashed name', `${hashed('box')} ssh-ed25519 ${ED}`, 'box', 22, 1],
    ['a hashed name with a port', `${hashed('[box]:2222')} ssh-ed25519 ${ED}`, 'box', 2222, 1],
    ['another hashed name', `${hashed('other')} ssh-ed25519 ${ED}`, 'box', 22, 0],
    ['a comment', `# box ssh-ed25519 ${ED}`, 'box', 22, 0],
    ['a certificate authority', `@cert-authority box ssh-ed25519 ${ED}`, 'box', 22, 0],
    ['a broken line', 'box ssh-ed25519', 'box', 22, 0],
  ])('%s', (...[, text, host, port, keys]) => {
    expect(typesOf(text, host, port)).toHaveLength(keys);
  });

  test('all keys of a host are known, revoked ones apart', () => {
    const known = knownKeysOf(`box ssh-ed25519 ${ED}\n@revoked * ssh-rsa ${RSA}\n`, 'box', 22);
    expect(known.trusted).toEqual([{ type: 'ssh-ed25519', base64: ED }]);
    expect(known.revoked).toEqual([{ type: 'ssh-rsa', base64: RSA }]);
  });
});

const check = async (hostKey: HostKeyPin): ReturnType<typeof hostKeyCheck> => hostKeyCheck({ host: 'box', port: 22, hostKey });

describe('the host key check', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-known-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const listed = async (text: string): ReturnType<typeof hostKeyCheck> => {
    writeFileSync(join(folder, 'known_hosts'), text);
    return check({ kind: 'known-hosts', path: join(folder, 'known_hosts') });
  };
  const key = Buffer.from(ED, 'base64');
  const other = blobOf('ssh-ed25519', 'mallory');

  test('a fingerprint is the one ssh-keygen prints: SHA-256, base64, no padding', () => {
    expect(fingerprintOf(key)).toBe(createHash('sha256').update(key).digest('base64').slice(0, 43));
  });

  test('accepts exactly the pinned key, however it is pinned', async () => {
    const pins = [
      await check({ kind: 'fingerprint', sha256: fingerprintOf(key) }),
      await check({ kind: 'key', type: 'ssh-ed25519', base64: ED }),
      await listed(`box ssh-ed25519 ${ED}`),
    ];
    expect(pins.map((pin) => pin.verify(key))).toEqual([null, null, null]);
    expect(pins.map((pin) => pin.verify(other)?.code)).toEqual(Array(3).fill('HOST_KEY_MISMATCH'));
  });

  test('names both fingerprints and what to do', async () => {
    const message = (await check({ kind: 'key', type: 'ssh-ed25519', base64: ED })).verify(other)?.message;
    expect(message).toContain(`expected SHA256:${fingerprintOf(key)}, got SHA256:${fingerprintOf(other)} (ssh-ed25519)`);
    expect(message).toContain('ssh-keygen -lf');
  });

  test('without a pin refuses and gives the line to add', async () => {
    expect((await check({ kind: 'none' })).verify(key)?.message).toContain(`hostKey: "SHA256:${fingerprintOf(key)}"`);
  });

  test('a host missing in known_hosts is refused with the line to add', async () => {
    expect((await listed('')).verify(key)?.message).toContain(`add the line: box ssh-ed25519 ${ED}`);
  });

  test('a revoked key is refused even where a line trusts it', async () => {
    expect((await listed(`box ssh-ed25519 ${ED}\n@revoked box ssh-ed25519 ${ED}`)).verify(key)?.message).toContain('is revoked');
  });

  test('asks the server for a key of the pinned types, never with SHA-1 signatures', async () => {
    expect((await listed(`box ssh-rsa ${RSA}`)).algorithms).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
    expect((await check({ kind: 'none' })).algorithms).toBeUndefined();
  });

  test('a key type with control characters does not reach the terminal', async () => {
    expect((await check({ kind: 'none' })).verify(blobOf('\u001B[2J', 'x'))?.message).not.toContain('\u001B');
  });
});
