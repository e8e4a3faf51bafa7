import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { addressOf } from '../../../src/gpu/fleet.ts';
import { loadFleet, parseFleet } from '../../../src/config/fleet-config.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-fleet-'));
  writeFileSync(join(folder, 'id'), 'not really a key', { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const env = { HOME: '/somewhere' };
const parse = (text: string): ReturnType<typeof parseFleet> => parseFleet(text, { file: join(folder, 'fleet.yaml'), env });
const messageOf = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    return String(error).replaceAll(folder, 'F');
  }
  throw new Error('the fleet was accepted');
};
const ssh = (more = ''): string => `hosts:
  - name: a
    ssh:
      host: h
      user: u
      key: id
${more}`;

describe('a good fleet file', () => {
  test('the example parses', () => {
    const file = 'config/fleet.example.yaml';
    const { hosts } = parseFleet(readFileSync(file, 'utf8'), { file, env });
    expect(hosts.map((host) => [host.name, host.transport.kind, host.cpu])).toEqual([
      ['h100-a', 'ssh', false],
      ['h100-b', 'ssh', false],
      ['builder', 'ssh', false],
      ['here', 'local', true],
      ['box', 'command', false],
    ]);
    const [, second] = hosts;
    expect(second?.gpus).toEqual({ kind: 'listed', gpus: [0, 1] });
    expect(second?.transport.kind === 'ssh' && second.transport.target.jump?.port).toBe(2222);
  });

  test('without a file it is this machine, with its GPUs and its CPU', () => {
    expect(loadFleet({ file: null, env }).hosts).toEqual([
      {
        name: 'local',
        transport: { kind: 'local' },
        labels: [],
        gpus: { kind: 'all' },
        cpu: true,
        compileSlots: null,
        runnerDir: null,
      },
    ]);
  });

  test('compilers without walls are allowed by name only', () => {
    expect(parse('hosts: [{name: a, local: {}}]').hosts[0]).not.toHaveProperty('compileUnconfined');
    expect(parse('hosts: [{name: a, local: {}, compileUnconfined: true}]').hosts[0]).toMatchObject({ compileUnconfined: true });
  });

  test('environments for programs are named with the path of their Python, each name once', () => {
    const written = 'environments: [{name: torch, python: /opt/t/bin/python3}, {name: nightly, python: /opt/n/bin/python3}]';
    expect(parse('hosts: [{name: a, local: {}}]').hosts[0]).not.toHaveProperty('environments');
    expect(parse(`hosts: [{name: a, local: {}, ${written}}]`).hosts[0]?.environments).toEqual([
      { name: 'torch', python: '/opt/t/bin/python3' },
      { name: 'nightly', python: '/opt/n/bin/python3' },
    ]);
    expect(() => parse(`hosts: [{name: a, local: {}, ${written.replace('nightly', 'torch')}}]`)).toThrow(
      /"torch" is the name of another environment/u,
    );
    expect(() => parse('hosts: [{name: a, local: {}, environments: [{name: torch, python: python3}]}]')).toThrow(
      /absolute path/u,
    );
    expect(() => parse('hosts: [{name: a, local: {}, environments: []}]')).toThrow(/leave it out/u);
  });

  test('ssh defaults: port 22, all GPUs, no CPU, paths from the folder of the file', () => {
    const [host] = parse(ssh()).hosts;
    expect(host).toMatchObject({ cpu: false, gpus: { kind: 'all' } });
    expect(host?.transport).toEqual({
      kind: 'ssh',
      target: {
        host: 'h',
        port: 22,
        user: 'u',
        credential: { kind: 'key', path: join(folder, 'id') },
        hostKey: { kind: 'none' },
        jump: null,
      },
    });
  });

  test('a public key beside agent chooses the identity', () => {
    const agent = ssh().replace('key: id', 'key: id.pub\n      agent: /run/agent');
    const [host] = parse(agent).hosts;
    const credential = { kind: 'agent', socket: '/run/agent', identity: join(folder, 'id.pub') };
    expect(host?.transport).toMatchObject({ target: { credential } });
  });

  test('a key, an agent or a known_hosts that is not there is told at its host, and keeps no other from work', () => {
    const missing = [
      ssh().replace('key: id', 'key: none'),
      ssh().replace('key: id', 'agent: true'),
      ssh('      knownHosts: ./kh'),
      ssh('      jump: {host: g, user: u, key: gone}'),
    ];
    expect(missing.map((text) => parse(`${text}\n  - {name: b, local: {}}`).hosts.length)).toEqual([2, 2, 2, 2]);
  });

  test('only this machine offers its CPU unless told otherwise', () => {
    const { hosts } = parse(
      'hosts:\n  - {name: a, local: {}}\n  - {name: b, command: [x]}\n  - {name: c, command: [x], cpu: true}\n  - {name: d, local: , cpu: false}',
    );
    expect(hosts.map(({ cpu }) => cpu)).toEqual([true, false, true, false]);
  });

  test('GPUs that reach the memory of their host take no work unless the file says so', () => {
    const { hosts } = parse('hosts:\n  - {name: a, command: [x]}\n  - {name: b, command: [x], allowHostMemoryAccess: true}');
    expect(hosts.map(({ allowHostMemoryAccess }) => allowHostMemoryAccess)).toEqual([false, true]);
  });

  test('a fingerprint and a public key line are both pins', () => {
    const pins = [`SHA256:${'a'.repeat(43)}`, 'ssh-ed25519 AAAAC3Nz comment'].map((hostKey) => {
      const transport = parse(ssh(`      hostKey: "${hostKey}"`)).hosts[0]?.transport;
      return transport?.kind === 'ssh' ? transport.target.hostKey : null;
    });
    expect(pins).toEqual([
      { kind: 'fingerprint', sha256: 'a'.repeat(43) },
      { kind: 'key', type: 'ssh-ed25519', base64: 'AAAAC3Nz' },
    ]);
  });
});

describe('a bad fleet file is refused with file, line, column, field and what to do', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'two hosts of one name',
      'hosts:\n  - {name: a, local: {}}\n  - {name: A, local: {}}',
      'F/fleet.yaml:3:6: hosts[1].name: "A" is the name of hosts[0] too; every host needs a name of its own',
    ],
    [
      'ssh and local at once',
      ssh('    local: {}'),
      'F/fleet.yaml:7:5: hosts[0].local: the host has ssh and local; keep one of them',
    ],
    [
      'no transport',
      'hosts:\n  - name: a\n',
      'F/fleet.yaml:2:5: hosts[0]: says no way to reach the host; add one of ssh, local, command',
    ],
    [
      'an unknown field',
      ssh('      prot: 23'),
      'F/fleet.yaml:7:7: hosts[0].ssh.prot: unknown field; known are host, port, user, key, agent, hostKey, knownHosts, jump',
    ],
    ['a bad port', ssh('      port: 99999'), 'F/fleet.yaml:7:7: hosts[0].ssh.port: must be from 1 to 65535'],
    [
      'a port that is text',
      ssh('      port: ssh'),
      'F/fleet.yaml:7:7: hosts[0].ssh.port: must be a whole number from 1 to 65535',
    ],
    [
      'no way to log in',
      ssh().replace('      key: id\n', ''),
      'F/fleet.yaml:3:5: hosts[0].ssh: says no way to log in; add key (path of a private key) or agent: true',
    ],
    [
      'a bad host key',
      ssh('      hostKey: MD5:aa'),
      'F/fleet.yaml:7:7: hosts[0].ssh.hostKey: must be "SHA256:" and 43 characters, or a public key line such as "ssh-ed25519 AAAA…"',
    ],
    [
      'a bad name',
      'hosts:\n  - {name: "a b", local: {}}',
      'F/fleet.yaml:2:6: hosts[0].name: a host name is letters, digits, ".", "_", "-", at most 63',
    ],
    ['a missing name', 'hosts:\n  - local: {}', 'F/fleet.yaml:2:5: hosts[0].name: is missing'],
    [
      'bad gpus',
      'hosts:\n  - name: a\n    local: {}\n    gpus: some',
      'F/fleet.yaml:4:5: hosts[0].gpus: must be auto, none, or a list of GPU UUIDs or indices',
    ],
    ['no hosts', 'hosts: []', 'F/fleet.yaml:1:1: hosts: lists no host; add one, or remove the file to use this machine alone'],
    ['an empty file', '', 'F/fleet.yaml:1:1: hosts: lists no host; add one, or remove the file to use this machine alone'],
    ['a key written twice', 'hosts: []\nhosts: []', 'F/fleet.yaml:2:1: not valid YAML: Map keys must be unique'],
  ];
  test.each(cases)('%s', (_name, text, message) => {
    expect(messageOf(text)).toBe(`KilnError: ${message}`);
  });

  test('all complaints of one file come at once', () => {
    expect(messageOf('hosts:\n  - {name: a}\n  - {name: a, local: {}}').split('\n')).toHaveLength(2);
  });

  test('a private key pasted into the file is not repeated', () => {
    const message = messageOf(ssh().replace('key: id', 'key: "-----BEGIN OPENSSH PRIVATE KEY-----\\nc2VjcmV0"'));
    expect(message).toContain('hosts[0].ssh.key: holds key material; put the path of the key file here');
    expect(message).not.toContain('c2VjcmV0');
  });

  test('a file that is not there is named', () => {
    expect(() => loadFleet({ file: '/nowhere/fleet.yaml', env })).toThrow(/^\/nowhere\/fleet.yaml: cannot be read; create it/);
  });
});

const inFolder = (files: Readonly<Record<string, string>>): string => {
  const place = mkdtempSync(join(tmpdir(), 'kiln-fleet-'));
  onTestFinished(() => rmSync(place, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
  return join(place, 'fleet.yaml');
};

const load = (files: Readonly<Record<string, string>>, variables = {}) =>
  loadFleet({ file: inFolder(files), env: { ...env, ...variables } });

describe('defaults, includes and secrets', () => {
  const PIN = `"SHA256:${'A'.repeat(43)}"`;
  test('hosts have what their file says for all, unless they say otherwise; one way to log in, one proof of a host', () => {
    const defaults = `defaults: {labels: [lab], gpus: none, ssh: {user: kiln, port: 2222, key: /k, hostKey: ${PIN}}}\n`;
    const hosts = `hosts:
  - {name: a, ssh: {host: 192.0.2.1}}
  - {name: b, labels: [], ssh: {host: 192.0.2.2, port: 22, agent: /s, knownHosts: /known}}
  - {name: c, local: {}}\n`;
    const [a, b, c] = load({ 'fleet.yaml': defaults + hosts }).hosts;
    expect(a).toMatchObject({ labels: ['lab'], gpus: { kind: 'none' } });
    expect(a?.transport).toMatchObject({
      target: { user: 'kiln', port: 2222, credential: { kind: 'key' }, hostKey: { kind: 'fingerprint' } },
    });
    expect(b?.labels).toEqual([]);
    expect(b?.transport).toMatchObject({
      target: { port: 22, credential: { kind: 'agent', identity: null }, hostKey: { kind: 'known-hosts', path: '/known' } },
    });
    expect(c).toMatchObject({ transport: { kind: 'local' }, labels: ['lab'] });
    const unknown = 'defaults: {colour: red}\nhosts:\n  - {name: a, local: {}}\n';
    expect(() => load({ 'fleet.yaml': unknown })).toThrow(/fleet\.yaml:1:12: defaults\.colour: unknown field/);
  });

  test('other files are included, each with its own defaults; all of them are told, and names are used once', () => {
    const fleet = load({
      'fleet.yaml': 'include: [rack.yaml]\ndefaults: {labels: [one]}\nhosts:\n  - {name: a, local: {}}\n',
      'rack.yaml': 'defaults: {labels: [two]}\nhosts:\n  - {name: b, local: {}}\n',
    });
    expect(fleet.hosts.map(({ name, labels }) => [name, labels])).toEqual([
      ['a', ['one']],
      ['b', ['two']],
    ]);
    expect(fleet.files?.map((file) => basename(file))).toEqual(['fleet.yaml', 'rack.yaml']);
    const twice = {
      'fleet.yaml': 'include: [b.yaml]\nhosts:\n  - {name: a, local: {}}\n',
      'b.yaml': 'hosts:\n  - {name: A, local: {}}\n',
    };
    expect(() => load(twice)).toThrow(/b\.yaml: host "A" is in .*fleet\.yaml too/);
    expect(() => load({ 'fleet.yaml': 'include: [fleet.yaml]\n' })).toThrow(/does one include itself/);
    expect(() => load({ 'fleet.yaml': 'include: [gone.yaml]\n' })).toThrow(/gone\.yaml: cannot be read/);
    const bad = { 'fleet.yaml': 'include: [b.yaml]\n', 'b.yaml': 'hosts:\n  - {name: x}\n' };
    expect(() => load(bad)).toThrow(/b\.yaml:2:5: hosts\[0\]: says no way to reach the host/);
  });

  test('values come from variables and files, are not shown, and one that is missing is named', () => {
    const fleet = 'hosts:\n  - {name: box, command: [run, "--token=${file:token}", "${env:WHERE}"]}\n';
    const [box] = load({ 'fleet.yaml': fleet, token: 'hunter2\n' }, { WHERE: 'nowhere' }).hosts;
    expect(box?.transport).toMatchObject({ argv: ['run', '--token=hunter2', 'nowhere'] });
    expect(box && addressOf(box)).toBe('run --token=*** ***');
    const { files } = load({ 'fleet.yaml': fleet, token: 'hunter2\n' }, { WHERE: 'nowhere' });
    expect(files?.map((file) => basename(file))).toEqual(['fleet.yaml', 'token']);
    expect(() => load({ 'fleet.yaml': fleet })).toThrow(
      /fleet\.yaml:2:32: hosts\[0\]\.command\[1\]: token cannot be read.*\n.*hosts\[0\]\.command\[2\]: the variable WHERE of the daemon is not set/,
    );
    const inherited = 'hosts:\n  - {name: box, command: [run, "${env:toString}"]}\n';
    expect(() => load({ 'fleet.yaml': inherited })).toThrow(/the variable toString of the daemon is not set/);
  });
});
