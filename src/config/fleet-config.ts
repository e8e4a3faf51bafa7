/**
 * `config/fleet.yaml` -> Fleet. Every complaint names file, line, column and field; key material is never repeated. Keys and known_hosts are read
 * when their host is connected to: one that is missing keeps no other host from work.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { KilnError } from '../domain/errors.ts';
import type { Fleet, GpuSelection, HostConfig, HostKeyPin, HostTransport, SshCredential, SshTarget } from '../domain/fleet.ts';
import { HostId } from '../domain/ids.ts';
import { fleetFile, type RawHost, type RawSsh } from './fleet-schema.ts';
import { createSecrets, type Secrets } from './fleet-secrets.ts';
import type { FieldPath } from '../platform/yaml-document.ts';
import { type FieldProblem, parseLocatedYaml } from './located-yaml.ts';

export interface FleetSource {
  /** Null: no fleet file, so this machine alone. */
  readonly file: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told each file before it is read: included ones and secrets too, and also where something is wrong. */
  readonly onRead?: (file: string) => void;
}

const INCLUDE_DEPTH_MAX = 8;
const NO_HOST = 'lists no host; add one, or remove the file to use this machine alone';

/** The fleet of a machine without a fleet file: itself, with its GPUs and its CPU. */
export const LOCAL_FLEET: Fleet = Object.freeze({
  hosts: [
    {
      name: HostId.parse('local'),
      transport: { kind: 'local' },
      labels: [],
      gpus: { kind: 'all' },
      cpu: true,
      compileSlots: null,
      runnerDir: null,
    } satisfies HostConfig,
  ],
});

/** Throws KilnError INVALID_CONFIG. */
export const loadFleet = ({ file, ...source }: FleetSource): Fleet => {
  if (file === null) return LOCAL_FLEET;
  source.onRead?.(file);
  return parseFleet(readText(file), { file, ...source });
};

type Place = Pick<FleetSource, 'env' | 'onRead'> & { readonly file: string };

/** With the files that it includes. */
export const parseFleet = (text: string, { file, env, onRead: told }: Place): Fleet => {
  const files = new Set([file]);
  const onRead = (name: string): void => {
    files.add(name);
    told?.(name);
  };
  const parts = parseFiles(text, { file, env, onRead }, 0);
  const hosts = parts.flatMap((part) => part.hosts);
  if (hosts.length === 0) throw new KilnError('INVALID_CONFIG', `${file}: hosts: ${NO_HOST}`);
  requireNamesOnce(parts);
  return Object.freeze({
    hosts: hosts.map((host) => Object.freeze(host)),
    files: [...files],
  });
};

interface ParsedFile {
  readonly file: string;
  readonly hosts: readonly HostConfig[];
}

const parseFiles = (text: string, { file, env, onRead }: Required<Place>, depth: number): readonly ParsedFile[] => {
  const check = new Check(dirname(resolve(file)), { env, onRead });
  const { value, errorOf } = parseLocatedYaml(text, file, fleetFile(check.secrets.filled));
  const hosts = value.hosts.map((host, index) => hostConfig(host, ['hosts', index], check));
  reportDuplicates(value.hosts, check);
  if (hosts.length === 0 && value.include.length === 0) check.report(['hosts'], NO_HOST);
  if (depth >= INCLUDE_DEPTH_MAX && value.include.length > 0)
    check.report(['include'], `files are included ${INCLUDE_DEPTH_MAX} levels deep already; does one include itself?`);
  const problems = [...check.secrets.problems, ...check.problems];
  if (problems.length > 0) throw errorOf(problems);
  const included = value.include.map((name) => check.absolute(name));
  const inside = included.flatMap((each) => {
    onRead(each);
    return parseFiles(readText(each), { file: each, env, onRead }, depth + 1);
  });
  return [{ file, hosts }, ...inside];
};

const requireNamesOnce = (parts: readonly ParsedFile[]): void => {
  const fileOf = new Map<string, string>();
  for (const { file, hosts } of parts) {
    for (const { name } of hosts) {
      const first = fileOf.get(name.toLowerCase());
      if (first !== undefined)
        throw new KilnError('INVALID_CONFIG', `${file}: host "${name}" is in ${first} too; every host needs a name of its own`);
    }
    for (const { name } of hosts) fileOf.set(name.toLowerCase(), file);
  }
};

/** Collects complaints, so that one start shows all of them. */
class Check {
  readonly problems: FieldProblem[] = [];
  readonly #folder: string;
  readonly env: FleetSource['env'];

  readonly secrets: Secrets;

  constructor(folder: string, { env, onRead }: Pick<Required<Place>, 'env' | 'onRead'>) {
    this.#folder = folder;
    this.env = env;
    this.secrets = createSecrets({ env, absolute: (path) => this.absolute(path), onRead });
  }

  report(path: FieldPath, message: string): void {
    this.problems.push({ path, message });
  }

  /** `~` is the user's home; relative paths start at the folder of the fleet file. */
  absolute(path: string): string {
    const home = this.env['HOME'] ?? '/';
    const expanded = path === '~' || path.startsWith('~/') ? join(home, path.slice(2)) : path;
    return isAbsolute(expanded) ? expanded : join(this.#folder, expanded);
  }
}

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new KilnError(
      'INVALID_CONFIG',
      `${file}: cannot be read; create it (see config/fleet.example.yaml) or unset KILN_FLEET`,
      { cause },
    );
  }
};

const reportDuplicates = (hosts: readonly RawHost[], check: Check): void => {
  const firstAt = new Map<string, number>();
  for (const [index, { name }] of hosts.entries()) {
    const first = firstAt.get(name.toLowerCase());
    if (first === undefined) firstAt.set(name.toLowerCase(), index);
    else
      check.report(['hosts', index, 'name'], `"${name}" is the name of hosts[${first}] too; every host needs a name of its own`);
  }
};

const hostConfig = (host: RawHost, path: FieldPath, check: Check): HostConfig => {
  const transport = transportOf(host, path, check);
  return {
    name: host.name,
    transport,
    labels: host.labels,
    gpus: gpusOf(host.gpus),
    allowHostMemoryAccess: host.allowHostMemoryAccess,
    cpu: host.cpu ?? transport.kind === 'local',
    compileSlots: host.compileSlots ?? null,
    ...(host.environments ? { environments: environmentsOf(host.environments, [...path, 'environments'], check) } : {}),
    ...(host.onStateChange ? { onStateChange: host.onStateChange } : {}),
    ...(host.compileUnconfined ? { compileUnconfined: true as const } : {}),
    runnerDir: host.runnerDir === undefined ? null : transport.kind === 'local' ? check.absolute(host.runnerDir) : host.runnerDir,
  };
};

const environmentsOf = (
  environments: NonNullable<RawHost['environments']>,
  path: FieldPath,
  check: Check,
): NonNullable<RawHost['environments']> => {
  for (const [index, { name }] of environments.entries())
    if (environments.findIndex((each) => each.name === name) !== index)
      check.report(
        [...path, index, 'name'],
        `"${name}" is the name of another environment of this host; every one needs a name of its own`,
      );
  return environments;
};

const gpusOf = (gpus: RawHost['gpus']): GpuSelection => {
  if (gpus === 'auto') return { kind: 'all' };
  return gpus === 'none' ? { kind: 'none' } : { kind: 'listed', gpus };
};

const transportOf = (host: RawHost, path: FieldPath, check: Check): HostTransport => {
  const given = (['ssh', 'local', 'command'] as const).filter((kind) => host[kind] !== undefined);
  const [first, second] = given;
  if (first === undefined) check.report(path, 'says no way to reach the host; add one of ssh, local, command');
  if (second !== undefined) check.report([...path, second], `the host has ${given.join(' and ')}; keep one of them`);
  if (host.ssh) return { kind: 'ssh', target: sshTarget(host.ssh, [...path, 'ssh'], check) };
  if (!host.command) return { kind: 'local' };
  const { command: argv } = host;
  const secrets = [...check.secrets.values].filter((secret) => argv.some((word) => word.includes(secret)));
  return { kind: 'command', argv, ...(secrets.length === 0 ? {} : { secrets }) };
};

const sshTarget = (ssh: RawSsh, path: FieldPath, check: Check): SshTarget => ({
  host: ssh.host,
  port: ssh.port,
  user: ssh.user,
  credential: credentialOf(ssh, path, check),
  hostKey: hostKeyOf(ssh, path, check),
  jump: ssh.jump ? sshTarget(ssh.jump, [...path, 'jump'], check) : null,
});

const credentialOf = ({ key, agent }: RawSsh, path: FieldPath, check: Check): SshCredential => {
  if (key !== undefined && agent === undefined) return { kind: 'key', path: check.absolute(key) };
  if (agent === undefined) check.report(path, 'says no way to log in; add key (path of a private key) or agent: true');
  const socket = agent === true ? (check.env['SSH_AUTH_SOCK'] ?? '') : (agent ?? '');
  return {
    kind: 'agent',
    socket: socket === '' ? '' : check.absolute(socket),
    identity: key === undefined ? null : check.absolute(key),
  };
};

const FINGERPRINT = /^SHA256:([A-Za-z0-9+/]{43})=?$/;
const PUBLIC_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))\s+([A-Za-z0-9+/]+={0,2})(?:\s.*)?$/;

const hostKeyOf = ({ hostKey, knownHosts }: RawSsh, path: FieldPath, check: Check): HostKeyPin => {
  if (hostKey !== undefined && knownHosts !== undefined) {
    check.report([...path, 'knownHosts'], 'both hostKey and knownHosts are given; keep one of them');
  }
  if (knownHosts !== undefined) {
    return { kind: 'known-hosts', path: check.absolute(knownHosts) };
  }
  if (hostKey === undefined) return { kind: 'none' };
  const sha256 = FINGERPRINT.exec(hostKey.trim())?.[1];
  if (sha256 !== undefined) return { kind: 'fingerprint', sha256 };
  const [, type, base64] = PUBLIC_KEY.exec(hostKey.trim()) ?? [];
  if (type !== undefined && base64 !== undefined) return { kind: 'key', type, base64 };
  check.report([...path, 'hostKey'], 'must be "SHA256:" and 43 characters, or a public key line such as "ssh-ed25519 AAAA…"');
  return { kind: 'none' };
};
