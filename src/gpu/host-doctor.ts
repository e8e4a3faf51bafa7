/** What is missing on a host, with the step that fixes each: `kiln doctor`. Never throws for what a host lacks. */
import { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import type { Fleet, HostConfig } from '../domain/fleet.ts';
import { canRecord } from '../domain/hosts/environment-label.ts';
import { Inventory } from '../domain/protocol.ts';
import { type OnCheck, tellInOrder } from './checks-in-order.ts';
import { archiveOnce, executorOf, runnerFolder, type TransportPlace } from './fleet.ts';
import { bad, good, type HostCheck } from './host-check.ts';
import { inspectInventory, inspectUnrecorded, type NeededEnvironments } from './inventory-checks.ts';
import { bootAndRead, type BootMode, ENVIRONMENT_MS_MAX } from './transports/boot.ts';

const HOST_MS_MAX = 90_000;
const HOSTS_AT_ONCE_MAX = 8;
const PARSE_CHARS_MAX = 300;
const FREE_BYTES_MIN = 2 * 1024 ** 3;

export interface HostDiagnosis {
  readonly host: string;
  readonly checks: readonly HostCheck[];
}

export type DoctorOptions = Omit<TransportPlace, 'archive'> & {
  readonly config: Fleet;
  readonly needed?: NeededEnvironments;
  /** Whether hosts that are not in `config` are in the fleet too. Default: all are in it. */
  readonly others?: 'none' | 'some';
  /** Told each check as it is known, host by host; what depends on other hosts, when all have been examined. */
  readonly onCheck?: OnCheck;
};

/** All hosts, some at a time, in the order of the fleet file. */
export const diagnoseFleet = async ({
  config,
  needed = new Map(),
  others = 'none',
  onCheck = () => undefined,
  ...place
}: DoctorOptions): Promise<readonly HostDiagnosis[]> => {
  const archive = archiveOnce();
  const inOrder = tellInOrder(
    config.hosts.map(({ name }) => name),
    onCheck,
  );
  const examined: Examined[] = [];
  for (let at = 0; at < config.hosts.length; at += HOSTS_AT_ONCE_MAX) {
    const some = config.hosts.slice(at, at + HOSTS_AT_ONCE_MAX);
    examined.push(
      ...(await Promise.all(
        some.map(async (host) => {
          const tell = (check: HostCheck): void => inOrder.tell(host.name, check);
          const found = await diagnoseHost(host, { ...place, archive, needed, tell });
          inOrder.end(host.name);
          return { host, ...found };
        }),
      )),
    );
  }
  const recorded = others === 'some' ? null : recordedBy(examined);
  return examined.map(({ host, checks, inventory }) => {
    const unrecorded = inventory ? inspectUnrecorded(inventory, host, recorded) : [];
    for (const check of unrecorded) onCheck(host.name, check);
    return { host: host.name, checks: [...checks, ...unrecorded] };
  });
};

interface Found {
  readonly checks: readonly HostCheck[];
  /** Null where the host did not come to tell it. */
  readonly inventory: Inventory | null;
}
type Examined = Found & { readonly host: HostConfig };

const recordedBy = (examined: readonly Examined[]): ReadonlySet<string> =>
  new Set(
    examined
      .flatMap(({ inventory }) => inventory?.environments ?? [])
      .filter(canRecord)
      .map(({ name }) => name),
  );

/** The checks of one host in order; the first failure that stops the rest is the last of the list. */
const diagnoseHost = async (
  host: HostConfig,
  place: TransportPlace & { readonly needed: NeededEnvironments; readonly tell: (check: HostCheck) => void },
): Promise<Found> => {
  const { environments = [] } = host;
  const signal = AbortSignal.timeout(HOST_MS_MAX + ENVIRONMENT_MS_MAX * environments.length);
  const checks: HostCheck[] = [];
  let isConnected = false;
  let inventory: Inventory | null = null;
  const add = (...known: readonly HostCheck[]): void => {
    checks.push(...known);
    for (const check of known) place.tell(check);
  };
  try {
    const executor = await executorOf(host, signal);
    isConnected = true;
    try {
      const folder = runnerFolder(host, place);
      const ask = async (mode: BootMode): Promise<unknown> =>
        JSON.parse(
          await bootAndRead(mode, { execute: executor.execute, archive: await place.archive(), folder, signal, environments }),
        );
      const probe = Probe.parse(await ask('probe'));
      add(...reached(host), ...inspectProbe(probe));
      inventory = Inventory.parse(await ask('inventory'));
      add(...inspectInventory(inventory, host, place.needed));
    } finally {
      executor.end();
    }
    return { checks, inventory };
  } catch (error) {
    const failure = failureOf(error);
    const behind = isConnected ? reached(host) : reached(host).slice(0, PASSED_BEFORE[failure.check] ?? 0);
    if (checks.length === 0) add(...behind.filter(({ check }) => check !== failure.check));
    add(failure);
    return { checks: checks.filter((one) => one === failure || one.check !== failure.check), inventory };
  }
};

const Probe = z.object({ python: z.string(), folder: z.string(), freeBytes: z.number() });

const reached = ({ transport }: HostConfig): readonly HostCheck[] =>
  transport.kind === 'ssh'
    ? [
        good('reachable', `${transport.target.host}:${transport.target.port}`),
        good('host key', 'as pinned'),
        good('login', transport.target.user),
      ]
    : [good('reachable', transport.kind)];

const inspectProbe = ({ python, folder, freeBytes }: z.infer<typeof Probe>): readonly HostCheck[] => {
  const found = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free at ${folder}`;
  const isEnough = freeBytes >= FREE_BYTES_MIN;
  return [
    good('python3', python),
    isEnough
      ? good('disk', found)
      : bad('disk', found, `free at least ${FREE_BYTES_MIN / 1024 ** 3} GiB, or set runnerDir to a larger disk`),
  ];
};

/** How many of `reached` a failed connection had behind it. */
const PASSED_BEFORE: Readonly<Record<string, number>> = { 'host key': 1, login: 2 };

/** The check an error belongs to. The message says what happened, in full; `remedy` where to go. */
const failureOf = (error: unknown): HostCheck => {
  if (error instanceof z.ZodError || error instanceof SyntaxError) {
    const found = `the runner's answer does not parse: ${error.message.slice(0, PARSE_CHARS_MAX)}`;
    return bad('runner', found, 'this is a defect of Kiln: please report it with the host’s python3 --version');
  }
  if (!(error instanceof KilnError)) {
    // Told like any other, so that it hides no other host.
    const found = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return bad('reachable', found.slice(0, PARSE_CHARS_MAX), 'this is a defect of Kiln: please report it');
  }
  const found = error.message;
  const remedy = typeof error.details?.['remedy'] === 'string' ? error.details['remedy'] : null;
  if (error.code === 'HOST_KEY_MISMATCH')
    return bad('host key', found, remedy ?? 'compare the fingerprints on the host, then correct hostKey in the fleet file');
  if (error.code === 'HOST_AUTH_REFUSED')
    return bad('login', found, remedy ?? 'correct user and key in the fleet file, or ~/.ssh/authorized_keys on the host');
  if (error.details?.['check'] === 'runnerDir')
    return bad(
      'runnerDir',
      found,
      'set runnerDir: in the fleet file to a folder on a file system without noexec, such as /var/tmp/kiln',
    );
  if (error.code === 'HOST_TOOL_MISSING' && !isMissingCommand(error))
    return bad('python3', found, remedy ?? 'apt-get install python3 (3.9 or newer) on the host');
  return bad(
    'reachable',
    found,
    remedy ?? 'correct how the fleet file reaches the host; is the host up, and the program or sshd there running?',
  );
};

/** The program of a `command` host, not python3 behind it. */
const isMissingCommand = ({ details }: KilnError): boolean => details?.['tool'] !== undefined && details['tool'] !== 'python3';
