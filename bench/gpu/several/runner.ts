/** One runner over sshd, spoken to directly: the work of each GPU is chosen here, which a daemon would not let anybody do. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Device } from '../../../src/domain/device.ts';
import { attemptIdOf, CandidateId, HostId } from '../../../src/domain/ids.ts';
import type { AttemptId } from '../../../src/domain/ids.ts';
import type { CaseTiming } from '../../../src/domain/measurement.ts';
import type {
  CompileResult,
  CompileUnit,
  FromRunner,
  Inventory,
  JudgeResult,
  JudgeTask,
  TimingRules,
} from '../../../src/domain/protocol.ts';
import type { HostEvent } from '../../../src/domain/ports/host-session.ts';
import { createFleet } from '../../../src/gpu/fleet.ts';
import type { LoadedProblem } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { removeFolder } from '../../../test/support/kiln-process.ts';
import { targetOf } from '../../../test/support/sshd.ts';
import { COMPILE_LIMIT_MS, JUDGE_LIMIT_MS, TIMING } from '../rate/timing.ts';
import type { BenchHost } from './host.ts';

const CONNECT_LIMIT_MS = 600_000;
const CANDIDATE = CandidateId.parse(`c-${'0'.repeat(32)}`);

/** A compiled candidate, to be judged any number of times. */
export type Work = Pick<JudgeTask, 'problemKey' | 'artifact' | 'plans'>;

/** A judgement with the moment its result arrived here. */
export interface Judged extends JudgeResult {
  readonly arrivedMs: number;
}

export interface Runner {
  readonly inventory: Inventory;
  readonly gpus: readonly Device[];
  /** Also defines its problem. Throws where it does not compile. */
  prepare(
    loaded: LoadedProblem,
    code: { readonly source: string; readonly params: Readonly<Record<string, number>> },
  ): Promise<Work>;
  /** Rejects only when the runner is lost: an infra failure is a result too. */
  judge(gpu: Device, work: Work, timing?: TimingRules): Promise<Judged>;
  /** Ends the runner and everything it started. */
  stop(): Promise<void>;
}

/** Throws where the candidate did not pass. */
export const timingsOf = (name: string, { outcome, infra }: Judged): readonly CaseTiming[] => {
  if (outcome?.verdict === 'passed') return outcome.timings;
  throw new Error(`${name} ended as ${JSON.stringify(outcome ?? infra).slice(0, 500)}`);
};

export const startRunner = async (host: BenchHost): Promise<Runner> => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-scaling-'));
  const [session] = createFleet({
    config: { hosts: [hostConfig(host, join(folder, 'runner'))] },
    dataDir: folder,
    daemonId: 'bench',
    log: pino({ level: 'error' }, pino.destination(2)),
  });
  if (!session) throw new Error('no session');
  const open = new Waiting();
  const stop = async (): Promise<void> => {
    open.fail(new Error('the runner was stopped'));
    await session.stop({ shutdownRunner: true });
    removeFolder(folder);
  };
  const connected = Promise.withResolvers<Inventory>();
  let isConnected = false;
  const deadline = setTimeout(() => connected.reject(new Error('the runner did not start')), CONNECT_LIMIT_MS);
  session.start((event) => {
    if (event.type === 'connected') {
      isConnected = true;
      connected.resolve(event.hello.inventory);
    }
    if (event.type === 'frame' && event.frame.type === 'result') session.ack([event.frame.result.attemptId]);
    // Until it is connected for the first time, nothing that was asked is lost with a connection: the next try comes.
    if (event.type !== 'lost' || isConnected) open.onEvent(event, connected.reject);
  });
  try {
    const inventory = await connected.promise.finally(() => clearTimeout(deadline));
    const send = {
      compile: session.compile.bind(session),
      judge: session.judge.bind(session),
      define: session.defineProblem.bind(session),
    };
    return { ...speaking(open, send, inventory), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const hostConfig = ({ sshd }: BenchHost, runnerDir: string) => ({
  name: HostId.parse('bench'),
  transport: { kind: 'ssh', target: targetOf(sshd) } as const,
  labels: [],
  gpus: { kind: 'all' } as const,
  cpu: false,
  compileSlots: null,
  runnerDir,
});

interface Send {
  readonly compile: (id: string, unit: CompileUnit, limitMs: number) => boolean;
  readonly judge: (task: JudgeTask) => boolean;
  readonly define: (definition: ReturnType<LoadedProblem['definitionFor']>) => boolean;
}

const speaking = (open: Waiting, send: Send, inventory: Inventory): Omit<Runner, 'stop'> => {
  const gpus = inventory.devices.filter(({ kind }) => kind === 'gpu');
  const architecture = gpus[0]?.architecture ?? '';
  const defined = new Set<string>();
  let number = 0;
  return {
    inventory,
    gpus,
    prepare: async (loaded, { source, params }) => {
      const definition = loaded.definitionFor('gpu', architecture);
      if (!defined.has(definition.key)) send.define(definition);
      defined.add(definition.key);
      const resolved = resolveCandidate(loaded, { target: 'gpu', architecture, content: { language: 'cuda', source, params } });
      if (!resolved.ok) throw new Error(`${loaded.problem.name}: ${resolved.outcome.field}: ${resolved.outcome.message}`);
      const id = `bench-${(number += 1)}`;
      const result = await open.compiled(id, send.compile(id, resolved.unit, COMPILE_LIMIT_MS));
      if (result.status !== 'compiled')
        throw new Error(`${loaded.problem.name}: not compiled: ${JSON.stringify(result).slice(0, 500)}`);
      return { problemKey: definition.key, artifact: result.artifact, plans: { ...resolved.plans } };
    },
    judge: async (gpu, work, timing = TIMING) => {
      const attemptId = attemptIdOf(CANDIDATE, (number += 1));
      const common = { timing, record: null, limitMs: JUDGE_LIMIT_MS, waitedMs: 0 };
      return open.judged(attemptId, send.judge({ attemptId, deviceId: gpu.id, ...work, ...common }));
    },
  };
};

/** Questions that the runner has not answered yet. Once it is lost, every one of them is rejected, later ones too. */
class Waiting {
  readonly #compiles = new Map<string, PromiseWithResolvers<CompileResult>>();
  readonly #judgements = new Map<AttemptId, PromiseWithResolvers<Judged>>();
  #lost: Error | null = null;

  async compiled(id: string, isSent: boolean): Promise<CompileResult> {
    return this.#ask(this.#compiles, { id, isSent });
  }

  async judged(id: AttemptId, isSent: boolean): Promise<Judged> {
    return this.#ask(this.#judgements, { id, isSent });
  }

  onEvent(event: HostEvent, onLost: (error: Error) => void): void {
    if (event.type === 'frame') this.#onFrame(event.frame);
    if (event.type !== 'lost' && event.type !== 'refused') return;
    const error = new Error(`the runner was lost: ${event.reason}`);
    onLost(error);
    this.fail(error);
  }

  fail(error: Error): void {
    this.#lost = error;
    for (const { reject } of [...this.#compiles.values(), ...this.#judgements.values()]) reject(error);
    this.#compiles.clear();
    this.#judgements.clear();
  }

  async #ask<Id, Answer>(
    open: Map<Id, PromiseWithResolvers<Answer>>,
    { id, isSent }: { readonly id: Id; readonly isSent: boolean },
  ): Promise<Answer> {
    if (this.#lost ?? !isSent) throw this.#lost ?? new Error('the runner is gone');
    const waiting = Promise.withResolvers<Answer>();
    open.set(id, waiting);
    return waiting.promise;
  }

  #onFrame(frame: FromRunner): void {
    if (frame.type === 'compiled') {
      this.#compiles.get(frame.compileId)?.resolve(frame.result);
      this.#compiles.delete(frame.compileId);
    } else if (frame.type === 'result') {
      this.#onResult(frame.result);
    }
  }

  #onResult(result: JudgeResult): void {
    const waiting = this.#judgements.get(result.attemptId);
    this.#judgements.delete(result.attemptId);
    waiting?.resolve({ ...result, arrivedMs: performance.now() });
  }
}
