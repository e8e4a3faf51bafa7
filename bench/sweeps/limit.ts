/** A sweep on more devices than one daemon can feed: 64 that judge 100 losers a second each, on hosts that cost next to nothing (light-host.ts). */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import type { Backend } from '../dispatch/backends.ts';
import { cpuSecondsOf, mainThreadSecondsOf } from '../dispatch/process-cost.ts';
import { type SimulatedKiln, startSimulated } from '../dispatch/simulated-kiln.ts';
import { table } from '../markdown.ts';

const HOSTS = 8;
const GPUS_PER_HOST = 8;
const LOSER_MS = 10;
const LOOKS = 4;
const LOOK_EVERY_MS = 100;
const HOST = join(import.meta.dirname, 'light-host.ts');
const FLEET = `hosts:\n${Array.from(
  { length: HOSTS },
  (_, index) =>
    `  - {name: light-${index}, command: [${process.execPath}, ${HOST}, light-${index}, "${GPUS_PER_HOST}", "${LOSER_MS}"], gpus: auto}\n`,
).join('')}`;

interface Look {
  readonly points: number;
  readonly perSecond: number;
  /** All of its threads, and the one that runs its JavaScript. */
  readonly cpuMs: number;
  readonly mainMs: number;
  /** Of what the devices could judge. */
  readonly share: number;
}

export interface AtLimit {
  readonly backend: string;
  readonly looks: readonly Look[];
}

/** `begin` starts a sweep on devices of a class; `untilDone` waits until so many of its points have a verdict, and returns how many have. */
export interface Sweeping {
  readonly begin: (kiln: KilnProcess, device: string) => Promise<string>;
  readonly untilDone: (kiln: KilnProcess, id: string, count: number) => Promise<number>;
}

export const measureLimit = async ({ name, settings }: Backend, points: number, sweeping: Sweeping): Promise<AtLimit> => {
  const target = await startSimulated(settings, FLEET);
  try {
    await allConnected(target);
    const id = await sweeping.begin(target.kiln, target.device);
    const looks = await lookAt(target, points, async (count) => sweeping.untilDone(target.kiln, id, count));
    await target.kiln.client.cancelSweep(id);
    return { backend: name, looks };
  } finally {
    await target.end();
  }
};

const allConnected = async ({ kiln }: SimulatedKiln): Promise<void> => {
  while ((await kiln.client.fleet()).hosts.some(({ state }) => state !== 'connected')) await pause(LOOK_EVERY_MS);
};

const lookAt = async (
  { kiln }: SimulatedKiln,
  points: number,
  untilDone: (count: number) => Promise<number>,
): Promise<readonly Look[]> => {
  const now = (done: number) => ({
    done,
    ms: performance.now(),
    cpu: cpuSecondsOf(kiln.pid),
    main: mainThreadSecondsOf(kiln.pid),
  });
  const looks: Look[] = [];
  let before = now(0);
  for (let look = 1; look <= LOOKS; look += 1) {
    const after = now(await untilDone(before.done + Math.ceil(points / LOOKS)));
    const count = after.done - before.done;
    looks.push({
      points: after.done,
      perSecond: (count * 1000) / (after.ms - before.ms),
      cpuMs: ((after.cpu - before.cpu) * 1000) / count,
      mainMs: ((after.main - before.main) * 1000) / count,
      share: (count * LOSER_MS) / (HOSTS * GPUS_PER_HOST * (after.ms - before.ms)),
    });
    before = after;
  }
  return looks;
};

export const limitText = (all: readonly AtLimit[]): string =>
  `\n## At the daemon's limit\n\n${HOSTS * GPUS_PER_HOST} simulated devices of ${HOSTS} hosts, each of which could judge ${1000 / LOSER_MS} losers a second. The hosts answer at once and cost next to nothing.\n\n${table(
    [
      'store and queue',
      'verdicts so far',
      'points/s since the last line',
      "daemon's CPU, ms a point",
      'of it the main thread',
      'of what the devices could judge',
    ],
    all.flatMap(({ backend, looks }) =>
      looks.map(({ points, perSecond, cpuMs, mainMs, share }) => [
        backend,
        points,
        perSecond.toFixed(0),
        cpuMs.toFixed(3),
        mainMs.toFixed(3),
        `${(share * 100).toFixed(1)} %`,
      ]),
    ),
  )}`;
