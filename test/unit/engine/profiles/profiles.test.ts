import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { Candidate, CandidateContent } from '../../../../src/domain/candidate.ts';
import { CandidateId, DeviceId, HostId } from '../../../../src/domain/ids.ts';
import type { FinishedProfile } from '../../../../src/domain/ports/store-rows.ts';
import { FromRunner, type ProfileResult, type ToRunner } from '../../../../src/domain/protocol.ts';
import type { EngineDeps } from '../../../../src/engine/deps.ts';
import { createEngine } from '../../../../src/engine/engine.ts';
import type { HostEvent, HostSession } from '../../../../src/domain/ports/host-session.ts';
import type { Queue } from '../../../../src/domain/ports/queue.ts';
import type { Store, Writes } from '../../../../src/domain/ports/store.ts';
import { choosePlace } from '../../../../src/engine/profiles/choose-place.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { addition } from '../../../support/addition.ts';
import { passed, timed } from '../../../support/server/fake-outcomes.ts';
import { until } from '../../../support/server/serve-fake.ts';
import { LENIENT } from '../../../support/lenient-rules.ts';
import { HANG_MS } from '../../../support/limits.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const Hello = FromRunner.options[0];
const HELLO = Hello.parse(
  z.array(z.unknown()).parse(JSON.parse(readFileSync('test/fixtures/protocol/from-runner/hello.json', 'utf8')))[0],
);
const ID = CandidateId.parse(`c-${'a'.repeat(32)}`);
const ARTIFACT = 'b'.repeat(64);
const MODEL = 'NVIDIA H100 80GB HBM3';
const [NEAR, FAR] = [HostId.parse('near'), HostId.parse('far')];
const content = CandidateContent.parse({
  problem: 'vector_add',
  problemVersion: problems.get('vector_add')?.contentHash('gpu'),
  language: 'cuda',
  source: addition(1),
  params: { INDEX: 1 },
  device: 'H100',
  trial: 0,
});
const gpuOf = (host: HostId) => DeviceId.parse(`GPU-${host}`);
const deviceOf = (host: HostId) => ({ ...HELLO.inventory.devices[0], id: gpuOf(host), model: MODEL });

const ignore = (_event: HostEvent): void => undefined;

/** A host that compiles at once, and answers profiles when the test says so. */
const createHost = (hostId: HostId) => {
  let emit = ignore;
  const asked: Omit<Extract<ToRunner, { type: 'profile' }>, 'type'>[] = [];
  const compiled: string[] = [];
  const session: Partial<HostSession> = {
    hostId,
    labels: [],
    transport: 'ssh',
    address: 'x',
    roundTripMs: 1,
    inventory: null,
    start: (listener) => {
      emit = listener;
    },
    stop: async () => Promise.resolve(),
    ack: () => true,
    defineProblem: () => true,
    compile: (compileId) => {
      compiled.push(compileId);
      const result = {
        status: 'compiled',
        artifact: ARTIFACT,
        cached: true,
        durationMs: 1,
        log: '',
        compiler: 'x',
        resources: {},
      };
      frame({ type: 'compiled', compileId, result } as FromRunner);
      return true;
    },
    profile: (request) => {
      asked.push(request);
      return true;
    },
  };
  const frame = (sent: FromRunner, payload?: Buffer): void =>
    emit({ type: 'frame', hostId, frame: sent, ...(payload && { payload }) });
  const connect = (): void => {
    const device = deviceOf(hostId);
    const hello = Hello.parse({
      ...HELLO,
      queued: [],
      running: [],
      finished: [],
      inventory: { ...HELLO.inventory, devices: [device] },
    });
    emit({ type: 'connected', hostId, hello });
  };
  return {
    session: session as HostSession,
    asked,
    compiled,
    connect,
    rest: () =>
      frame({
        type: 'health',
        devices: [deviceOf(hostId)],
        compileQueued: 0,
        compileRunning: 0,
        unavailable: 'full',
        use: {},
      } as FromRunner),
    lose: () => emit({ type: 'lost', hostId, reason: 'away', retryAtMs: null }),
    answer: (result: ProfileResult, payload?: Buffer) => frame({ type: 'profiled', profileId: ID, result }, payload),
  };
};

const AT = '2026-01-01T00:00:00.000Z';
const RECORD = Candidate.parse({
  id: ID,
  submission: {
    problem: 'vector_add',
    language: 'cuda',
    params: {},
    device: 'H100',
    trial: 0,
    sourceBytes: 1,
    priority: 1,
    submitter: 'ada',
    labels: [],
    sweepId: null,
  },
  state: { status: 'done', outcome: passed(2), finishedAt: AT },
  attempts: [
    {
      attemptId: `${ID}.1`,
      hostId: NEAR,
      deviceId: gpuOf(NEAR),
      deviceModel: MODEL,
      mode: 'screen',
      startedAt: AT,
      finishedAt: AT,
      verdict: 'passed',
      infra: null,
      timings: [],
      phases: null,
      telemetry: null,
    },
  ],
  score: null,
  compileLog: '',
  infraFailures: 0,
  submittedAt: AT,
  updatedAt: AT,
});

/** Four times longer than the floor of a case of 64M elements allows, and twenty times of one of 4M. */
const UNEVEN = Candidate.parse({
  ...RECORD,
  state: { status: 'done', finishedAt: AT, outcome: timed({ '4M': 300_000, '16M': 250_000, '64M': 960_000 }) },
});

/** An engine whose store holds one candidate that passed on `near`, and two hosts. */
const startEngine = async (held = RECORD) => {
  const finished: FinishedProfile[] = [];
  const waiting = new Set<CandidateId>();
  const near = createHost(NEAR);
  const far = createHost(FAR);
  const store: Partial<Store> = {
    candidate: async () => Promise.resolve(held),
    content: async () => Promise.resolve(content),
    askProfiles: async (ids) => {
      for (const id of ids) waiting.add(id);
      return Promise.resolve([...ids]);
    },
    waitingProfiles: async () => Promise.resolve([]),
    profile: async (candidateId) =>
      Promise.resolve({ candidateId, state: { status: 'waiting', reason: '' }, askedAt: '', updatedAt: '' } as const),
    unfinished: async () => Promise.resolve([]),
    record: async () => Promise.resolve(null),
    together: async (work) =>
      work({
        appendEvents: async () => Promise.resolve(),
        finishProfile: async (end: FinishedProfile) => {
          finished.push(end);
          return Promise.resolve(waiting.delete(end.candidateId));
        },
      } as Partial<Writes> as Writes),
  };
  const queue: Partial<Queue> = {
    adopt: async () => Promise.resolve([]),
    lease: async () => Promise.resolve([]),
    onWork: () => undefined,
    onLoss: () => undefined,
    missing: async (ids) => Promise.resolve(ids),
    count: async () => Promise.resolve(null),
  };
  const engine = createEngine({
    store: {
      keepProblemVersions: async () => undefined,
      problemVersion: async () => null,
      canaries: async () => [],
      holds: async () => [],
      bookings: async () => [],
      failedPairs: async () => [],
      submitterSettings: async () => [],
      libraryRuns: async () => [],
      deviceTime: async () => [],
      keepSubmitter: async () => undefined,
      dropSubmitter: async () => undefined,
      ...store,
    } as EngineDeps['store'],
    queue: queue as Queue,
    sessions: [near.session, far.session],
    problems,
    ...LENIENT,
    log: pino({ level: 'silent' }),
    now: Date.now,
  });
  await engine.start();
  onTestFinished(async () => engine.stop());
  return { kiln: engine.kiln, near, far, finished };
};

const SUMMARY = { source: 'ncu', note: null, case: '16M', deviceModel: MODEL, kernels: [] } as const;
const INFRA = (code: 'worker_died' | 'unknown_artifact'): ProfileResult => ({
  status: 'infra',
  failure: { code, message: 'gone' },
});

describe('a profile', () => {
  test('waits for a host, runs there and is kept with its report', async () => {
    const { kiln, near, far, finished } = await startEngine();
    await kiln.askProfile(ID);
    expect((await kiln.profile(ID))?.state).toMatchObject({ reason: expect.stringContaining('H100') as string });
    near.connect();
    await until(() => near.asked.length > 0, 'the host is asked');
    far.connect();
    expect(near.asked[0]).toMatchObject({ profileId: ID, artifact: ARTIFACT });
    expect((await kiln.profile(ID))?.state).toMatchObject({ reason: expect.stringContaining('runs on near') as string });
    near.answer({ status: 'done', summary: { ...SUMMARY, kernels: [] } }, Buffer.from('report'));
    await until(() => finished.length > 0, 'it is recorded');
    expect(far.asked).toEqual([]);
    expect(finished).toMatchObject([{ state: { status: 'done', rawBytes: 6 }, raw: Buffer.from('report') }]);
  });

  test('is of the case that is furthest from its floor, however small, and says so', async () => {
    const { kiln, near, finished } = await startEngine(UNEVEN);
    near.connect();
    await kiln.askProfile(ID);
    await until(() => near.asked.length > 0, 'the host is asked');
    expect(near.asked[0]?.case).toBe('4M');
    const share = expect.closeTo(0.05, 2) as number;
    near.answer({ status: 'done', summary: { ...SUMMARY, case: '4M', kernels: [], chosen: { by: 'record', share: 9 } } });
    await until(() => finished.length > 0, 'it is recorded');
    expect(finished).toMatchObject([{ state: { summary: { case: '4M', chosen: { by: 'floor', share } } } }]);
  });

  test('holds no time of one model against the floors of another', async () => {
    const attempts = UNEVEN.attempts.map((attempt) => ({ ...attempt, deviceModel: 'NVIDIA H200' }));
    const { kiln, near, finished } = await startEngine({ ...UNEVEN, attempts });
    near.connect();
    await kiln.askProfile(ID);
    await until(() => near.asked.length > 0, 'the host is asked');
    near.answer({ status: 'done', summary: { ...SUMMARY, case: near.asked[0]?.case ?? '', kernels: [] } });
    await until(() => finished.length > 0, 'it is recorded');
    expect(finished).toMatchObject([{ state: { summary: { chosen: { by: 'baseline' } } } }]);
  });

  test.each([
    ['a program', { language: 'python' as const }, 'no launch plan'],
    ['a candidate of the cpu device', { device: 'cpu' }, 'profiles need a GPU'],
  ])('of %s is refused at once, whether a host is there or not', async (...[, change, words]) => {
    const { kiln } = await startEngine({ ...RECORD, submission: { ...RECORD.submission, ...change } });
    await expect(kiln.askProfile(ID)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining(words) as string,
    });
  });

  test('waits for a host that takes work', async () => {
    const { kiln, near, far, finished } = await startEngine();
    near.connect();
    near.rest();
    await vi.waitFor(async () => expect((await kiln.fleet()).hosts[0]?.reason).toBe('full'), { timeout: HANG_MS });
    await kiln.askProfile(ID);
    far.connect();
    await until(() => far.asked.length > 0, 'the other host is asked');
    expect(near.asked).toEqual([]);
    far.answer({ status: 'done', summary: { ...SUMMARY, kernels: [] } });
    await until(() => finished.length > 0, 'it is recorded');
  });

  test('goes to another host when its own is lost or fails it', async () => {
    const { kiln, near, far, finished } = await startEngine();
    near.connect();
    await kiln.askProfile(ID);
    await until(() => near.asked.length === 1, 'the host that judged it is asked');
    far.connect();
    near.answer(INFRA('worker_died'));
    await until(() => far.asked.length === 1, 'the other host is asked');
    near.lose();
    far.lose();
    near.answer({ status: 'done', summary: { ...SUMMARY, kernels: [] } });
    near.connect();
    await until(() => near.asked.length === 2, 'the first is asked again');
    near.answer({ status: 'failed', message: 'hangs' });
    await until(() => finished.length > 0, 'it is recorded');
    expect(finished).toMatchObject([{ state: { status: 'failed', message: 'hangs' }, raw: null }]);
  });

  test('compiles again what its host has lost, and is given up after three failures', async () => {
    const { kiln, near, finished } = await startEngine();
    near.connect();
    await kiln.askProfile(ID);
    for (const tries of [1, 2, 3]) {
      await until(() => near.asked.length === tries, `try ${tries}`);
      expect(near.compiled).toHaveLength(tries);
      near.answer(INFRA('unknown_artifact'));
    }
    await until(() => finished.length > 0, 'it is given up');
    expect(finished).toMatchObject([{ state: { status: 'failed', message: expect.stringContaining('3 tries') as string } }]);
  });
});

const free = (hostId: HostId, deviceId: string, model: string, bookedFor: string | null = null) => ({
  hostId,
  deviceId: DeviceId.parse(deviceId),
  model,
  deviceClass: 'H100',
  bookedFor,
});

describe('the place of a profile', () => {
  const judgedAt = { hostId: NEAR, deviceId: DeviceId.parse('GPU-1'), model: MODEL };
  const stage = { name: 'place' as const, judgedAt, deviceClass: 'H100', submitter: 's' };
  const PCIE = 'NVIDIA H100 PCIe';

  test('is the same device, else host, else model, else class; not where it has just failed', () => {
    const places = [free(FAR, 'GPU-9', PCIE), free(FAR, 'GPU-8', MODEL), free(NEAR, 'GPU-2', MODEL), free(NEAR, 'GPU-1', MODEL)];
    const order = places.map(
      (_place, left) => choosePlace({ failedAt: null }, stage, places.slice(0, places.length - left))?.deviceId,
    );
    expect(order).toEqual(['GPU-1', 'GPU-2', 'GPU-8', 'GPU-9']);
    expect(choosePlace({ failedAt: NEAR }, stage, places)?.deviceId).toBe('GPU-8');
    expect(choosePlace({ failedAt: null }, { ...stage, deviceClass: 'A100' }, places)).toBeNull();
  });

  test('is no device that is booked for another submitter', () => {
    const places = [free(NEAR, 'GPU-1', MODEL, 'other'), free(FAR, 'GPU-9', PCIE), free(FAR, 'GPU-8', MODEL, 's')];
    expect(choosePlace({ failedAt: null }, stage, places)?.deviceId).toBe('GPU-8');
    expect(choosePlace({ failedAt: null }, { ...stage, submitter: 'third' }, places)?.deviceId).toBe('GPU-9');
    expect(choosePlace({ failedAt: null }, { ...stage, submitter: 'third' }, places.slice(0, 1))).toBeNull();
  });
});
