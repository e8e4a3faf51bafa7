/** A daemon with its hosts as the benchmark uses it: by the API alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { DeviceView } from '../../src/domain/api/fleet.ts';
import type { Candidate } from '../../src/domain/candidate.ts';
import type { Score } from '../../src/domain/ranking/ranking.ts';
import { type KilnFolder, type KilnProcess, startKiln } from '../../test/support/kiln-process.ts';

const CONNECT_LIMIT_MS = 90_000;
/** One wait; a candidate may stand at the end of a long queue. */
const WAIT_SECONDS = 60;
const WAITS_MAX = 15;
const PROBLEM = 'vector_add';

export interface Rig {
  readonly device: DeviceView;
  /** Ends the daemon and its local runner with every judge process, and starts them again. */
  restart(): Promise<void>;
  /** Judges them all; in the order given. Throws where one does not pass. */
  judge(candidates: readonly Wanted[]): Promise<readonly Candidate[]>;
  stop(): Promise<void>;
}

export interface Wanted {
  /** A kernel of this folder, or a baseline or seed of the problem, without its ending. */
  readonly kernel: string;
  readonly params?: Record<string, number>;
  readonly trial: number;
}

/** `deviceClass` undefined: the first GPU, or the CPU where there is none. */
export const startRig = async (folder: KilnFolder, deviceClass: string | undefined): Promise<Rig> => {
  let kiln = await startKiln(folder);
  const device = await deviceOf(kiln, deviceClass);
  return {
    device,
    restart: async () => {
      await kiln.stop();
      kiln = await startKiln(folder);
      await deviceOf(kiln, device.class);
    },
    judge: async (candidates) => {
      const { candidates: answers } = await kiln.client.submit(candidates.map((wanted) => bodyOf(wanted, device)));
      const records = [];
      for (const { id } of answers) records.push(await judged(kiln, id));
      return records;
    },
    stop: async () => kiln.stop(),
  };
};

/** Looks whenever a host has connected: the first look after a restart comes before that. */
const deviceOf = async (kiln: KilnProcess, deviceClass: string | undefined): Promise<DeviceView> => {
  const abort = AbortSignal.timeout(CONNECT_LIMIT_MS);
  let seen: readonly string[] = [];
  for await (const event of kiln.client.events({ after: 0, signal: abort })) {
    if (event.type !== 'host.connected') continue;
    const devices = (await kiln.client.fleet()).hosts.flatMap((host) => host.devices);
    const found = devices.find((device) => isWanted(device, deviceClass)) ?? (deviceClass === undefined ? devices[0] : undefined);
    if (found) return found;
    seen = devices.map((device) => device.class);
  }
  throw new Error(`no device ${deviceClass ?? ''} within ${CONNECT_LIMIT_MS} ms; the fleet has ${seen.join(', ') || 'none'}`);
};

const isWanted = (device: DeviceView, deviceClass: string | undefined): boolean =>
  deviceClass === undefined ? device.kind === 'gpu' : device.class.toLowerCase() === deviceClass.toLowerCase();

const bodyOf = ({ kernel, params = {}, trial }: Wanted, device: DeviceView): SubmitCandidate => {
  const language = device.kind === 'cpu' ? 'c' : 'cuda';
  const ending = device.kind === 'cpu' ? 'c' : 'cu';
  const folder = kernel.includes('/') ? join(import.meta.dirname, '../..') : join(import.meta.dirname, 'kernels');
  const source = readFileSync(join(folder, `${kernel}.${ending}`), 'utf8');
  return { problem: PROBLEM, device: device.class, language, source, params, trial, submitter: 'bench' };
};

const judged = async (kiln: KilnProcess, id: string): Promise<Candidate> => {
  for (let wait = 0; wait < WAITS_MAX; wait += 1) {
    const candidate = await kiln.client.candidate(id, { waitSeconds: WAIT_SECONDS });
    if (candidate.state.status !== 'done') continue;
    if (candidate.state.outcome.verdict === 'passed') return candidate;
    throw new Error(`${id} ended as ${JSON.stringify(candidate.state.outcome).slice(0, 500)}`);
  }
  throw new Error(`${id} was not done after ${WAITS_MAX * WAIT_SECONDS} s`);
};

export const scoreOf = (candidate: Candidate): Score => {
  if (!candidate.score) throw new Error(`${candidate.id} passed without a score`);
  return candidate.score;
};
