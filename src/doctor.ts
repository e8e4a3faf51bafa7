/** The other composition root: what this machine and every host of the fleet lack, found without a daemon. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadFleet, parseFleet } from './config/fleet-config.ts';
import { loadKilnConfig, openSecrets } from './config/kiln-config.ts';
import { KilnError } from './domain/errors.ts';
import type { Finding } from './domain/finding.ts';
import type { OnCheck } from './gpu/checks-in-order.ts';
import { bad, good, type HostCheck } from './gpu/host-check.ts';
import { diagnoseFleet, type HostDiagnosis } from './gpu/host-doctor.ts';
import { diagnoseProblems } from './problem-doctor.ts';
import { type ReadProblems, readProblems } from './problems/load-problems.ts';
import { diagnoseStorage } from './storage/diagnose-storage.ts';

/** Not a daemon's id: hosts keep what it leaves in a folder of its own. */
const DOCTOR_ID = 'doctor';
const HERE = 'this machine';

export interface DoctorOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Problems are tried whole: every case, and wrong versions of the reference. Half a minute each. */
  readonly wholeProblems?: boolean;
  /** Told each check as it is known, host by host. */
  readonly onCheck?: OnCheck;
}

/** "this machine" first, then the hosts in the order of the fleet file. What is wrong is told, never thrown. */
export const diagnose = async ({
  root,
  env,
  wholeProblems = false,
  onCheck = () => undefined,
}: DoctorOptions): Promise<readonly HostDiagnosis[]> => {
  const checks: HostCheck[] = [];
  const here = { host: HERE, checks };
  const add = (check: HostCheck): void => {
    checks.push(check);
    onCheck(HERE, check);
  };
  add(good('node', process.version));
  const config = attempt(() => loadKilnConfig({ root, env }));
  add(config.ok ? good('configuration', 'valid') : complaint('configuration', config.error));
  if (!config.ok) return [here];
  const exposed = openSecrets({ root, env });
  if (exposed !== null) add(bad('secrets', exposed, 'chmod 600 the file, and change what others may have read'));
  const { dataDir, kernelsDir, fleetFile } = config.value;
  add(dataFolder(dataDir));
  for (const finding of await diagnoseStorage(config.value)) add(checkOf(finding));
  const read = attempt(() => readProblems(kernelsDir));
  add(read.ok ? good('problems', `${read.value.problems.size} in ${kernelsDir}`) : complaint('problems', read.error));
  if (read.ok) await diagnoseProblems(read.value, { env, whole: wholeProblems, onCheck: add });
  const fleet = attempt(() => loadFleet({ file: fleetFile, env }));
  add(fleet.ok ? good('fleet', fleetFile ?? 'this machine alone (no fleet file)') : complaint('fleet', fleet.error));
  if (!fleet.ok) return [here];
  return [
    here,
    ...(await diagnoseFleet({
      config: fleet.value,
      dataDir,
      daemonId: DOCTOR_ID,
      needed: read.ok ? neededBy(read.value) : new Map(),
      onCheck,
    })),
  ];
};

const neededBy = (read: ReadProblems): ReadonlyMap<string, readonly string[]> => {
  const needs = [...read.problems.values()].flatMap(({ problem, targets, environments }) =>
    targets.flatMap((target) => environments(target).map((environment) => ({ environment, problem: problem.name }))),
  );
  const byName = [...Map.groupBy(needs, ({ environment }) => environment)];
  return new Map(byName.map(([environment, problems]) => [environment, problems.map(({ problem }) => problem)]));
};

export interface NamedHost extends Pick<DoctorOptions, 'root' | 'env'> {
  readonly name: string;
  /** One that is to be added, as an entry of the fleet file; left out: it is in the file. */
  readonly entry?: Readonly<Record<string, unknown>>;
}

/** The same for one host: what keeps it from being tried at all, then its own checks. */
export const diagnoseNamed = async ({ root, env, name, entry }: NamedHost): Promise<readonly HostCheck[]> => {
  const config = attempt(() => loadKilnConfig({ root, env }));
  if (!config.ok) return [complaint('configuration', config.error)];
  const { dataDir, fleetFile } = config.value;
  const fleet = attempt(() =>
    entry === undefined
      ? loadFleet({ file: fleetFile, env })
      : parseFleet(JSON.stringify({ hosts: [entry] }), { file: fleetFile ?? 'host', env }),
  );
  if (!fleet.ok) return [complaint('fleet', fleet.error)];
  const hosts = fleet.value.hosts.filter((host) => host.name === name);
  if (hosts.length === 0) {
    const known = fleet.value.hosts.map((host) => host.name).join(', ');
    return [
      bad(
        'fleet',
        `there is no host "${name}"; known are ${known}`,
        `add it to ${fleetFile ?? 'config/fleet.yaml'} (config/fleet.example.yaml shows how)`,
      ),
    ];
  }
  const [diagnosis] = await diagnoseFleet({ config: { ...fleet.value, hosts }, dataDir, daemonId: DOCTOR_ID, others: 'some' });
  const checks = diagnosis?.checks ?? [];
  return entry === undefined ? [good('fleet', fleetFile ?? 'this machine alone (no fleet file)'), ...checks] : checks;
};

const checkOf = ({ check, found, remedy }: Finding): HostCheck =>
  remedy === null ? good(check, found) : bad(check, found, remedy);

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: KilnError };

const attempt = <T>(work: () => T): Attempt<T> => {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof KilnError) return { ok: false, error };
    throw error;
  }
};

const complaint = (check: string, error: KilnError): HostCheck => bad(check, error.message, 'correct what the message names');

/** The nearest folder above that exists must allow making what is missing. */
const dataFolder = (dataDir: string): HostCheck => {
  let folder = dataDir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return good('data folder', dataDir);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return bad('data folder', `${dataDir} cannot be written (${error.message})`, 'give it to this user, or set KILN_DATA_DIR');
  }
};
