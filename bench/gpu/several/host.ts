/** This machine as a host of GPUs: what it has, and how it is reached. */
import { spawnSync } from 'node:child_process';
import type { Device } from '../../../src/domain/device.ts';
import { Inventory } from '../../../src/domain/protocol.ts';
import { RUNNER_SOURCE } from '../../../src/gpu/runner-archive.ts';
import { startSshd } from '../../../test/support/sshd.ts';
import type { Sshd } from '../../../test/support/sshd.ts';
import { SIMULATED_MODEL } from '../rate/judge-child.ts';
import { sessionEnvironment } from '../rate/session-environment.ts';

const INVENTORY_LIMIT_MS = 600_000;
/** No candidate here is Triton's: looking for it would cost seconds at each start of a runner. */
const WITHOUT_TRITON = { KILN_TRITON_PYTHON: 'none' };

export interface BenchHost {
  readonly inventory: Inventory;
  /** In the order of their ordinals. */
  readonly gpus: readonly Device[];
  readonly isSimulated: boolean;
  readonly sshd: Sshd;
  /** Of a fleet file: "ssh: {…}". */
  readonly transport: string;
}

/** The caller stops `sshd`. Throws where there are fewer GPUs than `gpusMin`, and says what `otherwise` can be done. */
export const startHost = async (gpusMin: number, otherwise: string): Promise<BenchHost> => {
  const inventory = takeInventory();
  const gpus = inventory.devices.filter(({ kind }) => kind === 'gpu');
  if (gpus.length < gpusMin) throw new Error(`this machine has ${gpus.length} GPU(s), ${gpusMin} needed; ${otherwise}`);
  const sshd = await startSshd({ env: { ...sessionEnvironment(), ...WITHOUT_TRITON } });
  const transport = `ssh: {host: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;
  return { inventory, gpus, isSimulated: gpus.some(({ model }) => model === SIMULATED_MODEL), sshd, transport };
};

const takeInventory = (): Inventory => {
  const { status, stdout, stderr } = spawnSync('python3', ['-m', 'kiln_runner', 'inventory'], {
    encoding: 'utf8',
    timeout: INVENTORY_LIMIT_MS,
    // oxlint-disable-next-line node/no-process-env -- it finds the driver as this process does
    env: { ...process.env, PYTHONPATH: RUNNER_SOURCE, ...WITHOUT_TRITON },
  });
  if (status !== 0) throw new Error(`the inventory failed: ${stderr.slice(-1000)}`);
  return Inventory.parse(JSON.parse(stdout));
};
