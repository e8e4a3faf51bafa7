import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { CandidateContent, Submission } from '../../../../src/domain/candidate.ts';
import { CandidateId, ContentHash, type HostId } from '../../../../src/domain/ids.ts';
import { BUNDLE_BYTES_MAX } from '../../../../src/domain/protocol.ts';
import type { InfraFailure } from '../../../../src/domain/infra-failure.ts';
import type { CompileResult } from '../../../../src/domain/protocol.ts';
import { createBundles } from '../../../../src/engine/compiling/bundles.ts';
import { onArtifact, onArtifactStored } from '../../../../src/engine/compiling/transfers.ts';
import { compilesFor, isCompileHost } from '../../../../src/engine/compiling/compile-hosts.ts';
import { onCompilersChanged, onCompilingHostGone } from '../../../../src/engine/compiling/compile-again.ts';
import { askCompile, cancelCompile, onCompiled } from '../../../../src/engine/compiling/compile-jobs.ts';
import type { HostState } from '../../../../src/engine/host-state.ts';
import type { EngineState } from '../../../../src/engine/state.ts';
import { forgetArtifacts } from '../../../../src/engine/compiling/known-compiles.ts';
import { createActiveCandidate } from '../../../../src/engine/active-candidates.ts';
import { createMetrics } from '../../../../src/engine/telemetry/metrics.ts';
import { factsOf } from '../../../../src/engine/hosts/host-facts.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { createScheduler } from '../../../../src/scheduler/scheduler.ts';
import type { SchedulerEvent } from '../../../../src/scheduler/events.ts';
import { addition } from '../../../support/addition.ts';
import { COMPILER, createNotingHost, MODEL } from '../../../support/noting-host.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const ARTIFACT = ContentHash.parse('b'.repeat(64));
const BYTES = Buffer.from('the files');
const sha256Of = (bytes: Buffer): ContentHash => ContentHash.parse(createHash('sha256').update(bytes).digest('hex'));
const COMPILED: CompileResult = {
  status: 'compiled',
  artifact: ARTIFACT,
  cached: false,
  durationMs: 80,
  log: 'a warning',
  compiler: COMPILER,
  resources: {},
};
const infra = (code: InfraFailure['code']): InfraFailure => ({ code, message: 'no luck' });
let nowMs = 0;
let events: SchedulerEvent[] = [];
let hosts: Map<HostId, HostState>;
let state: EngineState;
let judging: ReturnType<typeof createNotingHost>;
let helper: ReturnType<typeof createNotingHost>;

beforeEach(() => {
  nowMs = 0;
  events = [];
  hosts = new Map();
  const shared = {
    metrics: createMetrics(),
    rules: { compileLimitMs: 1000 } as EngineState['rules'],
    log: pino({ level: 'silent' }),
    now: () => nowMs,
    monotonicMs: () => nowMs,
    active: new Map(),
    hosts,
    compileHosts: new Set(),
    bundles: createBundles(),
    core: createScheduler(),
    apply: (event) => void events.push(event),
  } satisfies Partial<EngineState>;
  state = shared as Partial<EngineState> as EngineState;
  judging = createNotingHost({ state, hosts }, 'judging', { gpus: 1 });
  helper = createNotingHost({ state, hosts }, 'helper', { compileSlots: 4 });
});

const idOf = (index: number): CandidateId => CandidateId.parse(`c-${String(index).padStart(32, '0')}`);

/** The scheduler wants candidate `index` compiled for the judging host. Each index is a source of its own. */
const want = (index: number): void => {
  const id = idOf(index);
  const loaded = problems.get('vector_add');
  if (!loaded) throw new Error('no vector_add');
  const content = CandidateContent.parse({
    problem: 'vector_add',
    problemVersion: loaded.contentHash('gpu'),
    language: 'cuda',
    source: addition(index),
    params: { INDEX: index },
    device: 'H100',
    trial: 0,
  });
  const submission = Submission.parse({ content, priority: 1, submitter: 'ada', labels: [], sweepId: null });
  state.active.set(id, createActiveCandidate(id, submission, loaded, { nowMs: 0, byAnswers: null }));
  askCompile(state, { type: 'compile', id, hostId: judging.host.session.hostId, deviceModel: MODEL });
};

const answer = ({ host }: typeof helper, index: number, result: CompileResult, compile = 1): void =>
  onCompiled(state, host, { type: 'compiled', compileId: `${idOf(index)}@${compile}`, result });
const arrive = (bytes = BYTES, failure: InfraFailure | null = null, sha256 = sha256Of(bytes)): void =>
  onArtifact(state, helper.host, { type: 'artifact', artifact: ARTIFACT, sha256: failure ? null : sha256, failure, bytes });
const store = (failure: InfraFailure | null = null): void =>
  onArtifactStored(state, judging.host, { type: 'artifact_stored', artifact: ARTIFACT, failure });
const lose = ({ host }: typeof helper): void => {
  host.connection = { state: 'unreachable', reason: 'away', nextRetryAtMs: null };
  state.compileHosts.delete(host);
  onCompilingHostGone(state, host);
};
/** The judging host's pool is full with candidate 0. */
const fill = (): void => {
  want(0);
  judging.said.length = 0;
};

const replace = ({ host }: typeof helper, compiler: string): void => {
  if (host.inventory) host.inventory = { ...host.inventory, compilers: { cuda: compiler } };
  onCompilersChanged(state, host);
};

describe('a compile host whose compiler is replaced', () => {
  test('compiles nothing more for a host with the old one: that does it itself', () => {
    fill();
    want(1);
    expect(helper.said).toEqual(['compile 1']);
    replace(helper, 'NVRTC 14');
    expect(helper.said).toEqual(['compile 1', 'cancel 1']);
    expect(judging.said).toEqual(['compile 2']);
  });

  test('hands over nothing that the old one made, and what is on its way to a host with another one is not used', () => {
    fill();
    want(1);
    answer(helper, 1, COMPILED);
    arrive();
    expect(judging.said).toEqual(['put b the files']);
    replace(judging, 'NVRTC 14');
    store();
    expect(judging.said).toEqual(['put b the files', 'compile 2']);
    expect(events).toEqual([]);
  });
});

describe('a candidate is compiled', () => {
  test('at its own host while that has a free slot, then at the compile host', () => {
    for (const index of [1, 2, 3]) want(index);
    expect([judging.said, helper.said]).toEqual([['compile 1'], ['compile 1', 'compile 1']]);
  });

  test('at no compile host that is unavailable, and a host that is unavailable offers no device', () => {
    helper.connection.unavailable = 'no space on its disk';
    for (const index of [1, 2]) want(index);
    expect([judging.said, helper.said]).toEqual([['compile 1', 'compile 1'], []]);
    judging.connection.unavailable = 'no space on its disk';
    const facts = factsOf({ ...state, eventLoopDelayMs: () => 0 }, judging.host);
    expect(facts.devices.map(({ available }) => available)).toEqual([false]);
  });

  test('at a compile host, and its artifact is fetched once and put once before the scheduler hears of it', () => {
    fill();
    want(1);
    answer(helper, 1, COMPILED);
    expect([helper.said, judging.said, events]).toEqual([['compile 1', 'fetch b'], [], []]);
    arrive();
    expect([judging.said, events]).toEqual([['put b the files'], []]);
    store();
    const result = { ...COMPILED, madeBy: helper.host.session.hostId };
    expect(events).toEqual([{ type: 'compiled', id: idOf(1), hostId: 'judging', result }]);
    expect(state.active.get(idOf(1))?.compiled.log).toBe('a warning');
  });

  test('once where two wait for the same code, and known to both hosts from then on', () => {
    fill();
    want(1);
    want(1);
    answer(helper, 1, COMPILED);
    arrive();
    store();
    want(1);
    expect([helper.said, judging.said]).toEqual([['compile 1', 'compile 1', 'fetch b'], ['put b the files']]);
    expect(events.map(({ type }) => type)).toEqual(['compiled', 'compiled']);
  });

  test('nowhere when a compile host is known to have it: it is only brought', () => {
    fill();
    want(1);
    answer(helper, 1, COMPILED);
    arrive();
    store({ code: 'internal', message: 'later' });
    judging.connection.asked.clear();
    want(1);
    store();
    expect(helper.said).toEqual(['compile 1', 'fetch b']);
    expect(judging.said).toEqual(['put b the files', 'compile 2', 'put b the files']);
  });

  test('with its error as the verdict, wherever that shows', () => {
    fill();
    want(1);
    const result: CompileResult = {
      status: 'failed',
      outcome: { verdict: 'compile_error', log: 'line 3' },
      durationMs: 1,
      compiler: COMPILER,
    };
    answer(helper, 1, result);
    expect(events).toEqual([{ type: 'compiled', id: idOf(1), hostId: 'judging', result }]);
    expect(state.active.get(idOf(1))?.compiled.log).toBe('line 3');
  });

  test('at its own host again when a compile host passed the limit, whose time is the one that counts', () => {
    fill();
    want(1);
    const outcome = { verdict: 'timed_out', stage: 'compile', case: '', limitMs: 1000 } as const;
    const result: CompileResult = { status: 'failed', outcome, durationMs: 1000, compiler: COMPILER };
    answer(helper, 1, result);
    expect([judging.said, events]).toEqual([['compile 2'], []]);
    answer(judging, 1, result, 2);
    expect(events).toEqual([{ type: 'compiled', id: idOf(1), hostId: 'judging', result }]);
  });

  test('once for two hosts that judge it: fetched once, and put once into each', () => {
    const second = createNotingHost({ state, hosts }, 'second', { gpus: 1, compileSlots: 1 });
    fill();
    want(1);
    answer(helper, 1, COMPILED);
    arrive();
    store();
    askCompile(state, { type: 'compile', id: idOf(1), hostId: second.host.session.hostId, deviceModel: MODEL });
    expect([helper.said, judging.said, second.said]).toEqual([
      ['compile 1', 'fetch b'],
      ['put b the files'],
      ['put b the files'],
    ]);
    onArtifactStored(state, second.host, { type: 'artifact_stored', artifact: ARTIFACT, failure: null });
    expect(events).toMatchObject([{ hostId: 'judging' }, { hostId: 'second' }]);
  });

  test('not at a compile host with another compiler, nor in a language that is native to its host', () => {
    state.compileHosts.clear();
    const other = createNotingHost({ state, hosts }, 'other', { compileSlots: 9, compilers: { cuda: 'NVRTC 12.4' } });
    for (const index of [1, 2]) want(index);
    expect([judging.said, other.said]).toEqual([['compile 1', 'compile 1'], []]);
    expect(compilesFor(state, other.host)).toEqual([]);
    expect(compilesFor(state, helper.host)).toEqual([judging.host]);
    expect(isCompileHost(createNotingHost({ state, hosts }, 'native', { compilers: { c: 'gcc' } }).host)).toBe(false);
  });
});

describe('when the compile host fails', () => {
  beforeEach(() => {
    fill();
    want(1);
  });

  test('the candidate is compiled elsewhere without a failure of its own, and the host has a cool-down', () => {
    answer(helper, 1, { status: 'infra', failure: infra('compiler_missing') });
    expect([judging.said, events]).toEqual([['compile 2'], []]);
    want(2);
    expect(judging.said).toEqual(['compile 2', 'compile 1']);
    nowMs += 60_000;
    want(3);
    expect(helper.said).toEqual(['compile 1', 'compile 1']);
  });

  test('by being lost in the middle, the candidate is compiled elsewhere', () => {
    lose(helper);
    expect([judging.said, events]).toEqual([['compile 2'], []]);
    answer(helper, 1, COMPILED);
    expect(events).toEqual([]);
    answer(judging, 1, COMPILED, 2);
    expect(events).toMatchObject([{ type: 'compiled', result: { status: 'compiled' } }]);
  });

  test('by being lost before it hands the artifact over', () => {
    answer(helper, 1, COMPILED);
    lose(helper);
    expect([judging.said, events]).toEqual([['compile 2'], []]);
  });

  test.each([
    ['has lost the artifact', () => arrive(Buffer.alloc(0), infra('unknown_artifact'))],
    ['has one that is too large', () => arrive(Buffer.alloc(0), infra('internal'))],
    ['sends more than it may', () => arrive(Buffer.alloc(BUNDLE_BYTES_MAX + 1))],
    ['sends what does not match its hash', () => arrive(Buffer.from('other files'), null, sha256Of(BYTES))],
  ])('because it %s', (_what, fail) => {
    answer(helper, 1, COMPILED);
    fail();
    expect([judging.said, events]).toEqual([['compile 2'], []]);
  });

  test('and so does the own host, that is the candidate’s infra failure', () => {
    answer(helper, 1, { status: 'infra', failure: infra('out_of_disk') });
    answer(judging, 1, { status: 'infra', failure: infra('out_of_disk') }, 2);
    expect(events).toMatchObject([{ type: 'compiled', hostId: 'judging', result: { status: 'infra' } }]);
  });
});

describe('when the judging host', () => {
  beforeEach(() => {
    fill();
    want(1);
  });

  test('refuses the artifact, it compiles itself, whoever else has room', () => {
    createNotingHost({ state, hosts }, 'idle', { compileSlots: 9 });
    answer(helper, 1, COMPILED);
    arrive();
    store(infra('out_of_disk'));
    expect([judging.said, events]).toEqual([['put b the files', 'compile 2'], []]);
  });

  test('is lost, the compile host is told to stop, and what comes later changes nothing', () => {
    lose(judging);
    expect(helper.said).toEqual(['compile 1', 'cancel 1']);
    answer(helper, 1, COMPILED);
    expect(state.active.get(idOf(1))?.stage).toMatchObject({ name: 'compiling', job: null });
    expect([helper.connection.asked.size, events]).toEqual([0, []]);
  });

  test('is lost while it is given the artifact, nothing more is asked of it', () => {
    answer(helper, 1, COMPILED);
    arrive();
    lose(judging);
    expect([judging.said, events]).toEqual([['put b the files'], []]);
  });

  test('cannot use the artifact, it is fetched anew and not taken from what is kept', () => {
    answer(helper, 1, COMPILED);
    arrive();
    store();
    forgetArtifacts(state, judging.host, { failure: infra('unknown_artifact'), artifacts: [ARTIFACT] });
    expect(state.bundles.find(ARTIFACT)).toBeNull();
    want(1);
    expect(helper.said).toEqual(['compile 1', 'fetch b', 'compile 1']);
  });

  test('no longer wants it, the compile host stops', () => {
    cancelCompile(state, { type: 'cancel-compile', id: idOf(1), hostId: judging.host.session.hostId });
    expect([helper.said, helper.connection.asked.size]).toEqual([['compile 1', 'cancel 1'], 0]);
  });
});
