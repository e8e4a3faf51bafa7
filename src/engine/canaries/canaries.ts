/**
 * Runs canaries: known-good candidates, compiled on the host under a name that no cache knows, and judged by its device like any other.
 *
 * A run is at most one for each device: it compiles and judges one canary after another, until one fails or all have passed. It is given up
 * when its host is lost; the scheduler asks again.
 */
import { randomUUID } from 'node:crypto';
import { peaksOf } from '../../domain/ranking/device-peaks.ts';
import { deviceClassOf } from '../../domain/device.ts';
import type { Device } from '../../domain/device.ts';
import { AttemptId } from '../../domain/ids.ts';
import type { DeviceId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { JudgeResult, TimingRules } from '../../domain/protocol.ts';
import { implausibleOutcome } from '../../domain/ranking/score.ts';
import { reasonText } from '../../domain/text/describe.ts';
import { floorsOf } from '../../problems/floors.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import type { ResolvedUnit } from '../../problems/resolve-unit.ts';
import type { Effect } from '../../scheduler/effects.ts';
import type { EngineState, HostState } from '../state.ts';
import { targetOf } from '../answers/prepare-candidate.ts';
import { resolveContent } from '../active-candidates.ts';
import { chooseCanaries, nameOf } from './choose.ts';
import type { Canary } from './choose.ts';
import { markedDefinition, markedSource } from './marks.ts';

const COMPILE_PREFIX = 'canary:';
/** A canary must be right, not fast: few timed runs. */
const RUNS_MAX = 5;
const CASE_BUDGET_MS_MAX = 5;

type Asked = Extract<Effect, { type: 'canary' }>;

export interface CanaryRun {
  readonly host: HostState;
  readonly device: Device;
  readonly askedAtMs: number;
  readonly left: Canary[];
  readonly spares: Canary[];
  passed: number;
  serviceMs: number;
  /** The one at hand, under this attempt id. */
  current: { readonly canary: Canary; readonly attemptId: AttemptId };
  /** What failed though nothing of its problem ever passed on the class. */
  unproven: string | null;
}

export const runCanary = (state: EngineState, { hostId, deviceId }: Asked): void => {
  const host = state.hosts.get(hostId);
  const device = host?.devices.find(({ id }) => id === deviceId);
  if (!host || !device) return;
  const failed = host.failedCanaries.get(deviceId);
  const { must, spares } = chooseCanaries({
    device,
    languages: host.inventory?.languages ?? [],
    problems: state.problems,
    suspect: host.suspects.get(deviceId) ?? null,
    isProven: (canary) => isProven(state, device, canary),
  });
  host.suspects.delete(deviceId);
  const [canary, ...left] = failed ? [...must.filter((one) => nameOf(one) !== nameOf(failed)), failed] : must;
  // A kind of device for which no problem has anything: there is nothing to check, and nothing that could be wrong.
  if (!canary) return end(state, { host, device, result: 'passed', serviceMs: 0, askedAtMs: state.now() });
  const attemptId = newAttempt();
  const run: CanaryRun = {
    host,
    device,
    askedAtMs: state.now(),
    left,
    spares: [...spares],
    passed: 0,
    serviceMs: 0,
    current: { canary, attemptId },
    unproven: null,
  };
  host.canaries.set(deviceId, run);
  compile(state, run);
};

/** Null where the attempt is no canary's. */
export const canaryOf = (host: HostState, { attemptId, deviceId }: JudgeResult): CanaryRun | null => {
  const run = host.canaries.get(deviceId);
  return run?.current.attemptId === attemptId ? run : null;
};

export const onCanaryJudged = (state: EngineState, run: CanaryRun, result: JudgeResult): void => {
  run.host.session.ack([result.attemptId]);
  run.serviceMs += result.phases.totalMs;
  if (!result.outcome || result.outcome.verdict === 'cancelled') {
    return inconclusive(state, run, result.infra ? `${result.infra.code}: ${result.infra.message}` : 'it was cancelled');
  }
  decide(state, run, plausible(run, result.outcome));
};

/** Its host was lost: nothing is answered any more. */
export const onCanaryHostGone = (host: HostState): void => host.canaries.clear();

/** So that its problem's own code counts as good on the class from now on. */
export const noteProof = (state: EngineState, device: Device, problem: string): void =>
  void state.proven.add(proofOf(device, problem));

const isProven = (state: EngineState, device: Device, { loaded }: Canary): boolean => {
  const problem = loaded.problem.name;
  if (state.proven.has(proofOf(device, problem))) return true;
  const problemVersion = loaded.contentHash(targetOf(deviceClassOf(device)));
  return state.records.holder({ problem, problemVersion, deviceModel: device.model }) !== null;
};

const proofOf = (device: Device, problem: string): string => `${deviceClassOf(device)} ${problem}`;

const newAttempt = (): AttemptId => AttemptId.parse(`c-${randomUUID().replaceAll('-', '')}.1`);

const compile = (state: EngineState, run: CanaryRun): void => {
  const { host, device, current } = run;
  const resolved = resolve(current.canary, { device, mark: current.attemptId });
  if ('verdict' in resolved) return decide(state, run, resolved);
  const compileId = `${COMPILE_PREFIX}${current.attemptId}`;
  host.recordCompiles.set(compileId, (result) => {
    host.recordCompiles.delete(compileId);
    if (!isAtHand(run, current.attemptId)) return;
    if (result.status === 'infra') return inconclusive(state, run, `${result.failure.code}: ${result.failure.message}`);
    if (result.status === 'failed') return decide(state, run, result.outcome);
    judge(state, run, { resolved, artifact: result.artifact });
  });
  if (!host.session.compile(compileId, resolved.unit, state.rules.compileLimitMs)) host.recordCompiles.delete(compileId);
};

/** The mark makes it a source that nobody has compiled before: a cache would answer for the compiler of another day. */
const resolve = (
  { loaded, file, language }: Canary,
  { device, mark }: { readonly device: Device; readonly mark: string },
): ResolvedUnit | Outcome => {
  const deviceClass = deviceClassOf(device);
  const text = loaded.files[file] ?? '';
  const header = parseHeader(text, language);
  const source = markedSource({ language, source: text }, `canary ${mark}`);
  const params = header.ok ? header.plan.params : {};
  const problemVersion = loaded.contentHash(targetOf(deviceClass));
  const problem = loaded.problem.name;
  return resolveContent(
    loaded,
    { problem, problemVersion, language, source, params, device: deviceClass, trial: 0 },
    device.architecture,
  );
};

const judge = (
  state: EngineState,
  run: CanaryRun,
  { resolved, artifact }: { readonly resolved: ResolvedUnit; readonly artifact: string },
): void => {
  const { host, device, current } = run;
  const target = targetOf(deviceClassOf(device));
  const definition = markedDefinition(current.canary.loaded.definitionFor(target, device.architecture), host.marks.problems);
  if (!host.defined.has(definition.key) && host.session.defineProblem(definition)) host.defined.add(definition.key);
  host.session.judge({
    attemptId: current.attemptId,
    deviceId: device.id,
    problemKey: definition.key,
    artifact,
    plans: resolved.plans,
    timing: shortly(state.rules.timing),
    record: null,
    limitMs: state.rules.limitMs,
    waitedMs: 0,
  });
};

const shortly = (timing: TimingRules): TimingRules => ({
  ...timing,
  warmupRuns: Math.min(timing.warmupRuns, 1),
  runsMin: Math.min(timing.runsMin, RUNS_MAX),
  runsMax: Math.min(timing.runsMax, RUNS_MAX),
  caseBudgetMs: Math.min(timing.caseBudgetMs, CASE_BUDGET_MS_MAX),
});

const plausible = ({ device, current: { canary } }: CanaryRun, outcome: Outcome): Outcome => {
  if (outcome.verdict !== 'passed') return outcome;
  const floors = floorsOf(canary.loaded.problem, targetOf(deviceClassOf(device)), {
    peaks: peaksOf(device),
    copyBytesPerSecond: device.copyBytesPerSecond,
  });
  return implausibleOutcome(outcome.timings, floors) ?? outcome;
};

/** One canary has its verdict. */
const decide = (state: EngineState, run: CanaryRun, outcome: Outcome): void => {
  const { canary } = run.current;
  if (outcome.verdict === 'passed') {
    run.passed += 1;
    noteProof(state, run.device, canary.loaded.problem.name);
    return goOn(state, run);
  }
  const reason = `${nameOf(canary)}: ${[outcome.verdict, reasonText(outcome)].filter((part) => part !== '').join(', ')}`;
  if (isProven(state, run.device, canary)) {
    run.host.failedCanaries.set(run.device.id, canary);
    return end(state, { ...run, result: 'failed', reason });
  }
  // Nothing of this problem has ever passed on such a device: rather one of another problem decides.
  state.log.warn({ hostId: run.host.session.hostId, deviceId: run.device.id }, `canary did not pass: ${reason}`);
  run.unproven = reason;
  const spare = run.spares.shift();
  if (spare) run.left.push(spare);
  goOn(state, run);
};

const goOn = (state: EngineState, run: CanaryRun): void => {
  const next = run.left.shift();
  if (next) {
    run.current = { canary: next, attemptId: newAttempt() };
    return compile(state, run);
  }
  if (run.passed > 0) return end(state, { ...run, result: 'passed' });
  end(state, { ...run, result: 'failed', reason: run.unproven ?? 'none of the known-good candidates passed' });
};

const inconclusive = (state: EngineState, run: CanaryRun, reason: string): void => {
  // It is defined again with the next one.
  run.host.defined.clear();
  state.log.warn({ hostId: run.host.session.hostId, deviceId: run.device.id }, `canary not judged: ${reason}`);
  end(state, { ...run, result: 'inconclusive' });
};

const isAtHand = ({ host, device, current }: CanaryRun, attemptId: AttemptId): boolean =>
  current.attemptId === attemptId && host.canaries.get(device.id)?.current.attemptId === attemptId;

interface Ended {
  readonly host: HostState;
  readonly device: Device;
  readonly result: 'passed' | 'failed' | 'inconclusive';
  readonly serviceMs: number;
  readonly askedAtMs: number;
  readonly reason?: string;
}

/** What the effects that follow need is left at the host. */
const end = (state: EngineState, { host, device, result, serviceMs, askedAtMs, reason = '' }: Ended): void => {
  const deviceId: DeviceId = device.id;
  host.canaries.delete(deviceId);
  state.metrics.onCanary(host.session.hostId, deviceId, result);
  if (result !== 'inconclusive') host.lastCanaries.set(deviceId, { askedAtMs, reason });
  state.apply({ type: 'canary-ended', hostId: host.session.hostId, deviceId, result, serviceMs });
};
