/** `kiln demo --open`: a dashboard that is worth looking at. Real judgements on this CPU, simulated GPUs beside it, work that never ends. */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type KilnClient } from '../../client/create-client.ts';
import { note, print } from '../context.ts';
import { startDemoDaemon } from './demo-daemon.ts';
import { fileOf, seedPath, submitHonest, submitRest, type Tuning } from './demo-work.ts';

const GPUS = { count: 8, judgeMs: 350 };
const CLASS = 'simulated';
const CPU = { target: 'cpu', device: 'cpu' } as const;
const SUBMITTERS = ['alice', 'bob', 'nightly-tuning', 'agent-7'] as const;
/** A little more than the simulated GPUs take, every so often: there is a queue, and it ends. */
const ROUND_MS = 3000;
const ROUND_CANDIDATES = 55;
const PAUSE_EVERY = 8;
const TRIALS_MAX = 9999;
const DEVICES_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 200;

const SWEEPS: readonly Tuning[] = [
  { problem: 'softmax', seed: '3-registers.cu', space: { VECTORS: [4, 8, 16], CHUNK: [4096, 8192, 16384, 32768] } },
  { problem: 'vector_add', seed: '2-streaming.cu', space: { BLOCK: [64, 128, 256, 512, 1024], UNROLL: [1, 2, 4, 8] } },
  { problem: 'transpose', seed: '1-tiled.cu', space: null },
  { problem: 'rmsnorm', seed: '2-pairs.cu', space: null },
];

/** Until the signal. Throws when the daemon ends by itself. */
export const openDemo = async (signal: AbortSignal): Promise<void> => {
  note(`starting a daemon of its own, with ${GPUS.count} simulated GPUs and an empty store in a temporary folder`);
  const daemon = await startDemoDaemon(GPUS);
  try {
    const client = createClient({ url: daemon.url });
    print(`the dashboard is at ${daemon.url}/ (Ctrl-C ends the demo and removes its data)`);
    showInBrowser(daemon.url);
    await Promise.race([fill(client, signal), daemon.died]);
  } finally {
    await daemon.stop();
  }
};

const fill = async (client: KilnClient, signal: AbortSignal): Promise<void> => {
  await whenThereAreDevices(client);
  for (const tuning of SWEEPS) await sweep(client, tuning);
  await submitHonest(client, CPU);
  await submitRest(client, CPU);
  await client.createCampaign({
    name: 'Softmax by evolution',
    problems: ['softmax'],
    devices: ['cpu'],
    agents: 4,
    budget: { candidates: 60 },
  });
  for (let round = 0; !signal.aborted; round += 1) {
    if (round % PAUSE_EVERY !== PAUSE_EVERY - 1) await submitRound(client, round);
    await pause(ROUND_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** The same candidates under other trials: judged, and not ranked. */
const submitRound = async (client: KilnClient, round: number): Promise<void> => {
  const tuning = SWEEPS[round % SWEEPS.length];
  if (tuning === undefined) return;
  const file = await fileOf(seedPath(tuning));
  const candidates = Array.from({ length: ROUND_CANDIDATES }, (_, index) => ({
    ...file,
    problem: tuning.problem,
    device: CLASS,
    submitter: SUBMITTERS[(round + index) % SUBMITTERS.length] ?? SUBMITTERS[0],
    trial: 1 + ((round * ROUND_CANDIDATES + index) % TRIALS_MAX),
  }));
  await client.submit(candidates);
};

const sweep = async (client: KilnClient, tuning: Tuning): Promise<void> => {
  const candidate = { ...(await fileOf(seedPath(tuning))), problem: tuning.problem, device: CLASS, submitter: SUBMITTERS[2] };
  if (tuning.space === null) await client.submit([candidate]);
  else await client.createSweep({ candidate, space: tuning.space });
};

const whenThereAreDevices = async (client: KilnClient): Promise<void> => {
  const deadline = performance.now() + DEVICES_LIMIT_MS;
  while (performance.now() < deadline) {
    const { hosts } = await client.fleet();
    if (hosts.some(({ devices }) => devices.length > GPUS.count)) return;
    await pause(LOOK_EVERY_MS);
  }
};

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', linux: 'xdg-open' };

/** Where there is no desktop the address was printed, and that is enough. */
const showInBrowser = (url: string): void => {
  const program = OPENERS[process.platform];
  if (program === undefined) return;
  spawn(program, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
};
