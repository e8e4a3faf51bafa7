/** Everything a bare judge needs, made ahead: the devices of this machine, the candidates' artifacts, and their tasks. */
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import type { Device } from '../../../src/domain/device.ts';
import { attemptIdOf, CandidateId, HostId, hashOf } from '../../../src/domain/ids.ts';
import type { ContentHash, DeviceId } from '../../../src/domain/ids.ts';
import type { CompileResult, CompileUnit, Inventory, JudgeTask } from '../../../src/domain/protocol.ts';
import { createFleet, runnerFolder } from '../../../src/gpu/fleet.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { keyOf, PROBLEM, PROBLEMS_FOLDER } from './candidates.ts';
import type { RateCandidate, Kind } from './candidates.ts';
import { COMPILE_LIMIT_MS, JUDGE_LIMIT_MS, TIMING } from './timing.ts';

const CONNECT_LIMIT_MS = 600_000;
const COMPILE_ALL_LIMIT_MS = 300_000;
const DAEMON_ID = 'bench';

export interface Task {
  readonly kind: Kind;
  readonly key: string;
  /** The device is the judge's own. */
  readonly task: Omit<JudgeTask, 'deviceId'>;
}

export interface PreparedWork {
  readonly inventory: Inventory;
  /** GPUs in the order of their ordinals. */
  readonly devices: readonly Device[];
  /** The judge's --cache. */
  readonly cacheFolder: string;
  /** The `problem` frame of a judge. */
  readonly problem: object;
  /** Of the candidates that compile, in their order. */
  readonly tasks: readonly Task[];
  readonly compiling: { readonly count: number; readonly seconds: number; readonly slots: number };
}

/** Compiles with a runner of its own in `folder`, which is ended again. */
export const prepareWork = async (candidates: readonly RateCandidate[], folder: string): Promise<PreparedWork> => {
  const host = {
    name: HostId.parse('bench'),
    transport: { kind: 'local' } as const,
    labels: [],
    gpus: { kind: 'all' } as const,
    cpu: false,
    compileSlots: null,
    runnerDir: null,
  };
  const runner = await startRunner({ hosts: [host] }, folder);
  try {
    const devices = runner.inventory.devices.filter(({ kind }) => kind === 'gpu');
    const [device] = devices;
    if (!device) throw new Error('the runner found no GPU; ./kiln doctor says why');
    const startedMs = performance.now();
    const compiled = await compileAll(runner, candidates, device.architecture);
    return {
      ...compiled,
      inventory: runner.inventory,
      devices,
      cacheFolder: cacheIn(runnerFolder(host, { dataDir: folder, daemonId: DAEMON_ID })),
      compiling: {
        count: candidates.length,
        seconds: (performance.now() - startedMs) / 1000,
        slots: runner.inventory.compileSlots,
      },
    };
  } finally {
    await runner.stop();
  }
};

/** A runner's folder has one below it for each version of the program; here there is one. */
const cacheIn = (runner: string): string => {
  const [artifacts] = globSync('**/cache/artifacts', { cwd: runner });
  if (artifacts === undefined) throw new Error(`no artifact cache below ${runner}`);
  return join(runner, dirname(artifacts));
};

interface Runner {
  readonly inventory: Inventory;
  compile(unit: CompileUnit): Promise<CompileResult>;
  stop(): Promise<void>;
}

const startRunner = async (config: Parameters<typeof createFleet>[0]['config'], dataDir: string): Promise<Runner> => {
  const [session] = createFleet({ config, dataDir, daemonId: DAEMON_ID, log: pino({ level: 'warn' }, pino.destination(2)) });
  if (!session) throw new Error('no session');
  const waiting = new Map<string, (result: CompileResult) => void>();
  const connected = Promise.withResolvers<Inventory>();
  const deadline = setTimeout(() => connected.reject(new Error('the local runner did not start')), CONNECT_LIMIT_MS);
  session.start((event) => {
    if (event.type === 'connected') connected.resolve(event.hello.inventory);
    else if (event.type === 'refused') connected.reject(new Error(event.reason));
    else if (event.type === 'frame' && event.frame.type === 'compiled') waiting.get(event.frame.compileId)?.(event.frame.result);
  });
  const stop = async (): Promise<void> => session.stop({ shutdownRunner: true });
  try {
    const inventory = await connected.promise.finally(() => clearTimeout(deadline));
    return { inventory, compile: async (unit) => ask(unit), stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function ask(unit: CompileUnit): Promise<CompileResult> {
    const { promise, resolve, reject } = Promise.withResolvers<CompileResult>();
    const id = `bench-${waiting.size}`;
    waiting.set(id, resolve);
    if (!session?.compile(id, unit, COMPILE_LIMIT_MS)) reject(new Error('the local runner is gone'));
    const limit = setTimeout(() => reject(new Error('compiling took too long')), COMPILE_ALL_LIMIT_MS);
    return promise.finally(() => clearTimeout(limit));
  }
};

const compileAll = async (
  runner: Runner,
  candidates: readonly RateCandidate[],
  architecture: string,
): Promise<Pick<PreparedWork, 'problem' | 'tasks'>> => {
  const loaded = loadProblems(PROBLEMS_FOLDER).get(PROBLEM);
  if (!loaded) throw new Error(`no problem ${PROBLEM}`);
  const definition = loaded.definitionFor('gpu', architecture);
  const artifactOf = async (unit: CompileUnit): Promise<ContentHash | null> => {
    const result = await runner.compile(unit);
    return result.status === 'compiled' ? result.artifact : null;
  };
  const [referenceArtifact, baselineArtifact] = await Promise.all([definition.reference, definition.baseline].map(artifactOf));
  const tasks = await Promise.all(
    candidates.map(async ({ kind, source, params }): Promise<readonly Task[]> => {
      const resolved = resolveCandidate(loaded, { target: 'gpu', architecture, content: { language: 'cuda', source, params } });
      const artifact = resolved.ok ? await artifactOf(resolved.unit) : null;
      if (!resolved.ok || !artifact) return [];
      const id = CandidateId.parse(`c-${hashOf({ source, params }).slice(0, 32)}`);
      const common = { problemKey: definition.key, timing: TIMING, record: null, limitMs: JUDGE_LIMIT_MS, waitedMs: 0 };
      return [
        { kind, key: keyOf(params), task: { ...common, attemptId: attemptIdOf(id, 1), artifact, plans: { ...resolved.plans } } },
      ];
    }),
  );
  return { problem: { type: 'problem', definition, referenceArtifact, baselineArtifact }, tasks: tasks.flat() };
};

export const taskFor = ({ task }: Task, deviceId: DeviceId): JudgeTask => ({ ...task, deviceId });
