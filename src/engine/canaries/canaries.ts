/**
 * Runs canaries: known-good candidates, compiled on the host under a name that no cache knows, and judged by its device like any other.
 *
 * A run (host-canaries.ts) belongs to a connection: it is given up when its host is lost, and the scheduler asks again.
 */
import { deviceClassOf } from '../../domain/device.ts';
import type { Device } from '../../domain/device.ts';
import { hardwareBrakesOf } from '../../domain/hosts/faults.ts';
import type { AttemptId, DeviceId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { JudgeResult } from '../../domain/protocol.ts';
import { targetOf } from '../../problems/targets.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { connectedTo } from '../host-state.ts';
import type { Connected, HostState } from '../host-state.ts';
import type { CanariesSlice } from '../state.ts';
import { compileIdOf, failureText, judgeShortly, newCanaryAttempt, plausible, resolveCanary } from './canary-attempt.ts';
import { chooseCanaries, nameOf } from './choose.ts';
import type { Canary } from './choose.ts';
import type { CanaryRun } from './host-canaries.ts';

type Asked = Extract<Effect, { type: 'canary' }>;

/** One that is under way, at its host. */
export interface HostedRun {
  readonly host: HostState;
  readonly connection: Connected;
  readonly run: CanaryRun;
}

export const runCanary = (state: CanariesSlice, { hostId, deviceId, suspicion }: Asked): void => {
  const host = state.hosts.get(hostId);
  if (host && suspicion !== null && !host.canaries.suspicions.has(deviceId)) {
    host.canaries.suspicions.set(deviceId, { reason: suspicion, since: new Date(state.now()).toISOString() });
  }
  const connection = host && connectedTo(host);
  const device = host?.devices.find(({ id }) => id === deviceId);
  if (!connection || !device) return;
  const failed = host.canaries.failed.get(deviceId);
  const { must, spares } = chooseCanaries({
    device,
    languages: host.inventory?.languages ?? [],
    problems: state.problems,
    suspect: host.canaries.suspects.get(deviceId) ?? null,
    isProven: (canary) => isProven(state, device, canary),
  });
  host.canaries.suspects.delete(deviceId);
  const [canary, ...left] = failed ? [...must.filter((one) => nameOf(one) !== nameOf(failed)), failed] : must;
  // A kind of device for which no problem has anything: there is nothing to check, and nothing that could be wrong.
  if (!canary) return end(state, { host, device, result: 'passed', serviceMs: 0, askedAtMs: state.now() });
  const attemptId = newCanaryAttempt();
  const run: CanaryRun = {
    device,
    askedAtMs: state.now(),
    left,
    spares: [...spares],
    passed: 0,
    serviceMs: 0,
    current: { canary, attemptId },
    unproven: null,
  };
  connection.canaryRuns.set(deviceId, run);
  compile(state, { host, connection, run });
};

/** Null where the attempt is no canary's. */
export const canaryOf = (host: HostState, { attemptId, deviceId }: JudgeResult): HostedRun | null => {
  const connection = connectedTo(host);
  const run = connection?.canaryRuns.get(deviceId);
  return connection && run?.current.attemptId === attemptId ? { host, connection, run } : null;
};

export const onCanaryJudged = (state: CanariesSlice, hosted: HostedRun, result: JudgeResult): void => {
  const { host, run } = hosted;
  host.session.ack([result.attemptId]);
  run.serviceMs += result.phases.totalMs;
  if (!result.outcome || result.outcome.verdict === 'cancelled') {
    return inconclusive(state, hosted, result.infra ? `${result.infra.code}: ${result.infra.message}` : 'it was cancelled');
  }
  // Our own code is short: what holds the clocks down then is not the work.
  const brakes = hardwareBrakesOf(result.telemetry?.throttleReasons ?? []);
  if (brakes.length > 0 && result.outcome.verdict === 'passed')
    return inconclusive(state, hosted, `the device's clocks are held down by ${brakes.join(', ')}`);
  decide(state, hosted, plausible({ device: run.device, canary: run.current.canary }, result.outcome));
};

/** So that its problem's own code counts as good on the class from now on. */
export const noteProof = (state: Pick<CanariesSlice, 'proven'>, device: Device, problem: string): void =>
  void state.proven.add(proofOf(device, problem));

/** Something of its problem has passed on this model or class. */
export const isProven = (state: CanariesSlice, device: Device, { loaded }: Canary): boolean => {
  const problem = loaded.problem.name;
  if (state.proven.has(proofOf(device, problem))) return true;
  const problemVersion = loaded.contentHash(targetOf(deviceClassOf(device)));
  return state.recordHolders.holder({ problem, problemVersion, deviceModel: device.model, class: 'device' }) !== null;
};

const proofOf = (device: Device, problem: string): string => `${deviceClassOf(device)} ${problem}`;

const compile = (state: CanariesSlice, hosted: HostedRun): void => {
  const { host, connection, run } = hosted;
  const { device, current } = run;
  const resolved = resolveCanary(current.canary, { device, mark: current.attemptId });
  if ('verdict' in resolved) return decide(state, hosted, resolved);
  const compileId = compileIdOf(current.attemptId);
  connection.compileAnswers.set(compileId, (result) => {
    connection.compileAnswers.delete(compileId);
    if (!isAtHand(hosted, current.attemptId)) return;
    if (result.status === 'infra') return inconclusive(state, hosted, `${result.failure.code}: ${result.failure.message}`);
    if (result.status === 'failed') return decide(state, hosted, result.outcome);
    const { attemptId, canary } = current;
    const { plans } = resolved;
    judgeShortly(state, { host, connection, device, loaded: canary.loaded, attemptId, plans, artifact: result.artifact });
  });
  if (!host.session.compile(compileId, resolved.unit, state.rules.compileLimitMs)) connection.compileAnswers.delete(compileId);
};

/** One canary has its verdict. */
const decide = (state: CanariesSlice, hosted: HostedRun, outcome: Outcome): void => {
  const { host, run } = hosted;
  const { canary } = run.current;
  if (outcome.verdict === 'passed') {
    run.passed += 1;
    noteProof(state, run.device, canary.loaded.problem.name);
    return goOn(state, hosted);
  }
  const reason = failureText(canary, outcome);
  if (isProven(state, run.device, canary)) {
    host.canaries.failed.set(run.device.id, canary);
    return end(state, { host, ...run, result: 'failed', reason });
  }
  // Nothing of this problem has ever passed on such a device: rather one of another problem decides.
  state.log.warn({ hostId: host.session.hostId, deviceId: run.device.id }, `canary did not pass: ${reason}`);
  run.unproven = reason;
  const spare = run.spares.shift();
  if (spare) run.left.push(spare);
  goOn(state, hosted);
};

const goOn = (state: CanariesSlice, hosted: HostedRun): void => {
  const { host, run } = hosted;
  const next = run.left.shift();
  if (next) {
    run.current = { canary: next, attemptId: newCanaryAttempt() };
    return compile(state, hosted);
  }
  if (run.passed > 0) return end(state, { host, ...run, result: 'passed' });
  end(state, { host, ...run, result: 'failed', reason: run.unproven ?? 'none of the known-good candidates passed' });
};

const inconclusive = (state: CanariesSlice, { host, connection, run }: HostedRun, reason: string): void => {
  // It is defined again with the next one.
  connection.defined.clear();
  host.canaries.unjudged.set(run.device.id, reason);
  state.log.warn({ hostId: host.session.hostId, deviceId: run.device.id }, `canary not judged: ${reason}`);
  end(state, { host, ...run, result: 'inconclusive' });
};

const isAtHand = ({ host, run: { device, current } }: HostedRun, attemptId: AttemptId): boolean =>
  current.attemptId === attemptId && connectedTo(host)?.canaryRuns.get(device.id)?.current.attemptId === attemptId;

interface Ended {
  readonly host: HostState;
  readonly device: Device;
  readonly result: 'passed' | 'failed' | 'inconclusive';
  readonly serviceMs: number;
  readonly askedAtMs: number;
  readonly reason?: string;
}

/** What the effects that follow need is left at the host. */
const end = (state: CanariesSlice, { host, device, result, serviceMs, askedAtMs, reason = '' }: Ended): void => {
  const deviceId: DeviceId = device.id;
  connectedTo(host)?.canaryRuns.delete(deviceId);
  state.metrics.onCanary(host.session.hostId, deviceId, result);
  if (result !== 'inconclusive') host.canaries.last.set(deviceId, { askedAtMs, reason });
  state.apply({ type: 'canary-ended', hostId: host.session.hostId, deviceId, result, serviceMs });
};
