/** A whole daemon as a child process, with the real runner and simulated devices whose judgements take no time. */
import { kilnFolder, startKiln } from '../../test/support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../../test/support/kiln-process.ts';

const DEVICES = 4;
const LOCAL_FLEET = 'hosts:\n  - {name: local, local: {}, gpus: auto}\n';
const CONNECT_LIMIT_MS = 600_000;

export interface SimulatedKiln {
  readonly kiln: KilnProcess;
  /** Its own, for data and runner. */
  readonly folder: string;
  /** Class of its devices. */
  readonly device: string;
  end(): Promise<void>;
  /** Ends its daemon with SIGKILL and starts another one on the same folder; this one is of no use then. */
  killedAndStarted(): Promise<SimulatedKiln>;
}

/**
 * `settings`: variables as in `docker-compose.yml`. `fleet`: a fleet file of other simulated devices. Throws when no device shows up within ten minutes, with nothing
 * left running.
 */
export const startSimulated = async (settings: Readonly<Record<string, string>>, fleet = LOCAL_FLEET): Promise<SimulatedKiln> => {
  const folder = kilnFolder(fleet, {
    KILN_SIMULATED_DEVICES: String(DEVICES),
    KILN_SIMULATED_JUDGE_MS: '0',
    KILN_LOG_LEVEL: 'warn',
    ...settings,
  });
  return startIn(folder);
};

/** `known`: the class of its devices; a daemon that was there before has told of its connections already. */
const startIn = async (folder: KilnFolder, known: string | null = null): Promise<SimulatedKiln> => {
  const kiln = await startKiln(folder);
  const end = async (): Promise<void> => {
    await kiln.stop();
    folder.remove();
  };
  try {
    const device = known ?? (await deviceClass(kiln));
    const killedAndStarted = async (): Promise<SimulatedKiln> => {
      await kiln.kill();
      return startIn(folder, device);
    };
    return { kiln, folder: folder.path, device, end, killedAndStarted };
  } catch (error) {
    await end();
    throw error;
  }
};

const deviceClass = async (kiln: KilnProcess): Promise<string> => {
  const abort = AbortSignal.timeout(CONNECT_LIMIT_MS);
  for await (const event of kiln.client.events({ after: 0, signal: abort })) {
    if (event.type !== 'host.connected') continue;
    const { hosts } = await kiln.client.fleet();
    const device = hosts.flatMap(({ devices }) => devices).find(({ kind }) => kind === 'gpu');
    // Of a large fleet the first is told of before its devices are there.
    if (device) return device.class;
  }
  throw new Error('no host shows a simulated device');
};
