/** What people write in `fleet.yaml`, field by field. `fleet-config.ts` turns it into the domain's Fleet. */
import { z } from 'zod';
import { ENVIRONMENTS_MAX, EnvironmentName } from '../domain/environment.ts';
import { HostId } from '../domain/ids.ts';
import { strictFields } from '../platform/strict-fields.ts';
import { withDefaults } from './fleet-defaults.ts';

export const HOSTS_MAX = 4096;
const LABELS_MAX = 32;
const GPUS_MAX = 64;
const ARGV_MAX = 64;
const JUMPS_MAX = 4;

const Port = z
  .int({ error: 'must be a whole number from 1 to 65535' })
  .min(1, 'must be from 1 to 65535')
  .max(65_535, 'must be from 1 to 65535');
const Path = z
  .string({ error: 'must be the path of a file' })
  .min(1, 'must be the path of a file')
  .max(4096)
  .refine(
    (path) => !path.includes('\n') && !path.includes('PRIVATE KEY'),
    'holds key material; put the path of the key file here',
  );
const Name = z.string({ error: 'is missing or not text' }).min(1, 'must not be empty').max(255);

const sshFields = {
  host: Name.describe('name or address'),
  port: Port.default(22),
  user: Name,
  /** A private key; beside `agent` the public key of the one that is offered. */
  key: Path.optional(),
  /** true: the agent of SSH_AUTH_SOCK; otherwise the path of its socket. */
  agent: z.union([z.literal(true), Path], { error: 'must be true (SSH_AUTH_SOCK) or the path of the agent’s socket' }).optional(),
  /** "SHA256:…" or a whole public key line. */
  hostKey: z.string({ error: 'must be "SHA256:…" or a public key line' }).max(16_384).optional(),
  knownHosts: Path.optional(),
};

export type RawSsh = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly key?: string | undefined;
  readonly agent?: true | string | undefined;
  readonly hostKey?: string | undefined;
  readonly knownHosts?: string | undefined;
  readonly jump?: RawSsh | undefined;
};

/** A chain of jump hosts is finite by construction: the innermost level has no `jump` field. */
const sshLevel = (jumps: number): z.ZodType<RawSsh> =>
  jumps === 0 ? strictFields(sshFields) : strictFields({ ...sshFields, jump: sshLevel(jumps - 1).optional() });

const Gpus = z.union(
  [
    z.literal('auto'),
    z.literal('none'),
    z
      .array(z.union([z.string().min(1).max(80), z.int().min(0).max(GPUS_MAX)]))
      .min(1)
      .max(GPUS_MAX),
  ],
  { error: 'must be auto, none, or a list of GPU UUIDs or indices' },
);

/** A Python with PyTorch, for programs. */
const Environment = strictFields({
  name: EnvironmentName,
  python: z
    .string({ error: 'must be the path of a Python on the host' })
    .regex(/^\/[^\0\n]{1,4095}$/u, 'must be the absolute path of a Python on the host, such as /opt/torch/.venv/bin/python3'),
});

const hostFields = {
  ssh: sshLevel(JUMPS_MAX).optional(),
  local: strictFields({}).nullable().optional(),
  command: z.array(z.string().min(1), { error: 'must be a list: the program and its arguments' }).min(1).max(ARGV_MAX).optional(),
  labels: z.array(z.string().min(1).max(64)).max(LABELS_MAX).default([]),
  gpus: Gpus.default('auto'),
  allowHostMemoryAccess: z.boolean({ error: 'must be true or false' }).default(false),
  cpu: z.boolean({ error: 'must be true or false' }).optional(),
  compileSlots: z.int({ error: 'must be a whole number from 1 to 1024' }).min(1).max(1024).optional(),
  compileUnconfined: z.boolean({ error: 'must be true or false' }).optional(),
  environments: z
    .array(Environment, { error: 'must be a list of environments, each with a name and the path of its python' })
    .min(1, 'must not be empty; leave it out, and one is searched for')
    .max(ENVIRONMENTS_MAX)
    .optional(),
  onStateChange: z
    .array(z.string().min(1).max(4096), { error: 'must be a list: a program of the daemon’s machine and its arguments' })
    .min(1)
    .max(ARGV_MAX)
    .optional(),
  runnerDir: Path.optional(),
};
const Host = strictFields({ name: HostId, ...hostFields });
export type RawHost = z.infer<typeof Host>;

/** What hosts of the same file have unless they say otherwise. Each is checked as a part of the hosts that take it. */
const Defaults = strictFields({
  ...Object.fromEntries(
    Object.keys(hostFields)
      .filter((name) => !['ssh', 'local', 'command'].includes(name))
      .map((name) => [name, z.unknown().optional()]),
  ),
  ssh: strictFields(
    Object.fromEntries([...Object.keys(sshFields), 'jump'].map((name) => [name, z.unknown().optional()])),
  ).optional(),
});

const INCLUDES_MAX = 256;
const fields = strictFields({
  /** Other files of hosts; relative paths start at the folder of this one. */
  include: z.array(Path, { error: 'must be a list of files' }).max(INCLUDES_MAX).default([]),
  defaults: Defaults.optional(),
  hosts: z
    .array(Host, { error: 'must be a list of hosts, each with a name and one of ssh, local, command' })
    .max(HOSTS_MAX)
    .default([]),
});
/** `prepare`: what the text stands for, before it is checked. */
export const fleetFile = (prepare: (raw: unknown) => unknown) => z.preprocess((raw) => withDefaults(prepare(raw)), fields);
