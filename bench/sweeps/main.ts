/**
 * What a large sweep costs its daemon: `node bench/sweeps/main.ts [--points 100000] [--tried 2000] [--limit 6000] [--backend NAME]`. Prints Markdown.
 *
 * Registered: sweeps of so many points of which hardly one is tried. Tried: a sweep whose judgements take no time, until so many verdicts are there; then the
 * daemon is killed with SIGKILL and started again, and what it takes until the sweep goes on is measured. At its limit: more devices than it can feed (limit.ts).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CreateSweep } from '../../src/domain/api/sweeps.ts';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { type Backend, startServers } from '../dispatch/backends.ts';
import { cpuSecondsOf, memoryMiBOf } from '../dispatch/process-cost.ts';
import { type SimulatedKiln, startSimulated } from '../dispatch/simulated-kiln.ts';
import { loadNow, machineLine } from '../machine.ts';
import { table } from '../markdown.ts';
import { count as countOption } from '../count.ts';
import { type AtLimit, limitText, measureLimit } from './limit.ts';

/** No host has it: what is submitted for it waits. */
const WAITING_CLASS = 'H100';
const SWEEPS = 10;
const AXIS = 100;
const LOOK_EVERY_MS = 50;
const SEED = 99;
const RUN_LIMIT_MS = 600_000;
const SOURCE = readFileSync(join(import.meta.dirname, '../dispatch/point.cu'), 'utf8').replace(
  'params: {BLOCK: 256, POINT: 0}',
  'params: {BLOCK: 256, POINT: 0, A: 0, B: 0}',
);

/** `points`: a multiple of 10,000, or up to 1,000. */
const sweepOf = (device: string, points: number, more: Partial<CreateSweep>): CreateSweep => ({
  candidate: { problem: 'vector_add', source: SOURCE, language: 'cuda', device, submitter: 'bench' },
  space:
    points > AXIS ** 2
      ? { POINT: range(points / AXIS ** 2), A: range(AXIS), B: range(AXIS) }
      : { POINT: range(Math.ceil(points / AXIS)), A: range(AXIS) },
  ...more,
});
const range = (count: number): string => `1..${count}`;

interface Registered {
  readonly what: string;
  readonly ms: number;
  readonly cpuMs: number;
  readonly mib: number;
}

/** Means of SWEEPS sweeps; memory that all of them added, by sweep. */
const register = async ({ kiln }: SimulatedKiln, points: number, where: string[]): Promise<Registered> => {
  const before = { cpu: cpuSecondsOf(kiln.pid), mib: memoryMiBOf(kiln.pid), ms: performance.now() };
  for (let seed = 1; seed <= SWEEPS; seed += 1)
    await kiln.client.createSweep(sweepOf(WAITING_CLASS, points, { where, seed, maxRunning: 1 }));
  return {
    what: where.length === 0 ? 'no condition' : 'a condition of two params',
    ms: (performance.now() - before.ms) / SWEEPS,
    cpuMs: ((cpuSecondsOf(kiln.pid) - before.cpu) * 1000) / SWEEPS,
    mib: (memoryMiBOf(kiln.pid) - before.mib) / SWEEPS,
  };
};

interface Tried {
  readonly points: number;
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly mib: number;
}
const LOOKS = 4;

const tryPoints = async (target: SimulatedKiln, id: string, count: number): Promise<readonly Tried[]> => {
  const { kiln } = target;
  const looks: Tried[] = [];
  let [done, ms, cpu] = [0, performance.now(), cpuSecondsOf(kiln.pid)];
  for (let look = 1; look <= LOOKS; look += 1) {
    const reached = await untilDone(kiln, id, done + Math.ceil(count / LOOKS));
    const [nowMs, nowCpu] = [performance.now(), cpuSecondsOf(kiln.pid)];
    looks.push({
      points: reached,
      perSecond: ((reached - done) * 1000) / (nowMs - ms),
      cpuMs: ((nowCpu - cpu) * 1000) / (reached - done),
      mib: memoryMiBOf(kiln.pid),
    });
    [done, ms, cpu] = [reached, nowMs, nowCpu];
  }
  return looks;
};

/** By the list, which counts and reads no candidate. */
const untilDone = async ({ client }: KilnProcess, id: string, count: number): Promise<number> => {
  const deadlineMs = performance.now() + RUN_LIMIT_MS;
  for (;;) {
    const done = (await client.sweeps()).sweeps.find((sweep) => sweep.id === id)?.done ?? 0;
    if (done >= count) return done;
    if (performance.now() > deadlineMs) throw new Error(`${done} of ${count} points were done within ${RUN_LIMIT_MS} ms`);
    await pause(LOOK_EVERY_MS);
  }
};

interface Restarted {
  readonly upMs: number;
  readonly goesOnMs: number;
  readonly mib: number;
}

const restart = async (
  target: SimulatedKiln,
  id: string,
): Promise<{ readonly target: SimulatedKiln; readonly facts: Restarted }> => {
  const before = (await target.kiln.client.sweep(id)).asked;
  const startedMs = performance.now();
  const next = await target.killedAndStarted();
  const upMs = performance.now() - startedMs;
  while ((await next.kiln.client.sweep(id)).asked <= before) await pause(LOOK_EVERY_MS);
  return { target: next, facts: { upMs, goesOnMs: performance.now() - startedMs, mib: memoryMiBOf(next.kiln.pid) } };
};

interface Measured {
  readonly backend: string;
  readonly registered: readonly Registered[];
  readonly tried: readonly Tried[];
  readonly restarted: Restarted;
}

interface Sizes {
  readonly points: number;
  readonly tried: number;
  readonly limit: number;
}

const measure = async ({ name, settings }: Backend, { points, tried }: Sizes): Promise<Measured> => {
  let target = await startSimulated(settings);
  try {
    const registered = [await register(target, points, []), await register(target, points, ['POINT + A <= 90'])];
    const { id } = await target.kiln.client.createSweep(sweepOf(target.device, points, { strategy: 'random', seed: SEED }));
    const looks = await tryPoints(target, id, tried);
    const after = await restart(target, id);
    target = after.target;
    await target.kiln.client.cancelSweep(id);
    return { backend: name, registered, tried: looks, restarted: after.facts };
  } finally {
    await target.end();
  }
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const print = (all: readonly Measured[], limits: readonly AtLimit[], { points, tried }: Sizes): void => {
  say(`\n## ${points} points registered\n\nMeans of ${SWEEPS} sweeps, one after the other.\n`);
  say(
    table(
      [
        'store and queue',
        'conditions',
        'time until the answer, ms',
        'points/s',
        "daemon's CPU, ms",
        'memory that a sweep adds, MiB',
      ],
      all.flatMap(({ backend, registered }) =>
        registered.map(({ what, ms, cpuMs, mib }) => [
          backend,
          what,
          ms.toFixed(1),
          ((points / ms) * 1000).toFixed(0),
          cpuMs.toFixed(1),
          mib.toFixed(2),
        ]),
      ),
    ),
  );
  say(
    `\n## ${tried} of them tried\n\nJudgements of four simulated devices that take no time; runner and judges share the machine.\n`,
  );
  say(
    table(
      ['store and queue', 'verdicts so far', 'points/s since the last line', "daemon's CPU, ms a point", 'daemon MiB'],
      all.flatMap(({ backend, tried: looks }) =>
        looks.map((look) => [backend, look.points, look.perSecond.toFixed(0), look.cpuMs.toFixed(2), look.mib.toFixed(0)]),
      ),
    ),
  );
  say(limitText(limits));
  say('\n## Killed with SIGKILL and started again\n');
  say(
    table(
      ['store and queue', 'until it answers, ms', 'until the sweep asks for more, ms', 'daemon MiB then'],
      all.map(({ backend, restarted }) => [
        backend,
        restarted.upMs.toFixed(0),
        restarted.goesOnMs.toFixed(0),
        restarted.mib.toFixed(0),
      ]),
    ),
  );
};

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '100000' },
    tried: { type: 'string', default: '2000' },
    limit: { type: 'string', default: '6000' },
    backend: { type: 'string' },
  },
});
const sizes: Sizes = {
  points: countOption('--points', values.points, 1_000_000),
  tried: countOption('--tried', values.tried, 1_000_000),
  limit: countOption('--limit', values.limit, 1_000_000),
};
/** On servers of their own. */
const onEachBackend = async <T>(what: string, measureOne: (backend: Backend) => Promise<T>): Promise<readonly T[]> => {
  const servers = await startServers();
  try {
    const wanted = servers.backends.filter(({ name }) => values.backend === undefined || name.includes(values.backend));
    const all: T[] = [];
    for (const backend of wanted) {
      process.stderr.write(`${what}: ${backend.name} …\n`);
      all.push(await measureOne(backend));
    }
    return all;
  } finally {
    await servers.stop();
  }
};

const loadBefore = loadNow();
const measured = await onEachBackend('tried', async (backend) => measure(backend, sizes));
const begin = async ({ client }: KilnProcess, device: string): Promise<string> =>
  (await client.createSweep(sweepOf(device, sizes.points, { strategy: 'random', seed: SEED }))).id;
const limits = await onEachBackend('at the limit', async (backend) => measureLimit(backend, sizes.limit, { begin, untilDone }));
say(machineLine(loadBefore));
print(measured, limits, sizes);
