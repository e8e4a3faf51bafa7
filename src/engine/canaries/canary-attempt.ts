/** One canary, compiled under a name that no cache knows and judged like any candidate. */
import { randomUUID } from 'node:crypto';
import { deviceClassOf } from '../../domain/device.ts';
import type { Device } from '../../domain/device.ts';
import { AttemptId } from '../../domain/ids.ts';
import type { ContentHash } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { JudgeTask, TimingRules } from '../../domain/protocol.ts';
import { implausibleOutcome } from '../../domain/ranking/score.ts';
import { reasonText } from '../../domain/text/describe.ts';
import { floorsOn } from '../../problems/floors.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import type { ResolvedCandidate } from '../../problems/candidate-resolution.ts';
import { targetOf } from '../../problems/targets.ts';
import { resolveContent } from '../active-candidates.ts';
import type { Connected, HostState } from '../host-state.ts';
import type { CanariesSlice } from '../state.ts';
import { nameOf } from './choose.ts';
import type { Canary } from './choose.ts';
import { defineOn, definitionOn } from '../definitions.ts';
import { markedSource } from './marks.ts';

const COMPILE_PREFIX = 'canary:';
/** Few timed runs. */
const RUNS_MAX = 5;
const CASE_BUDGET_MS_MAX = 5;

export const newCanaryAttempt = (): AttemptId => AttemptId.parse(`c-${randomUUID().replaceAll('-', '')}.1`);

export const compileIdOf = (attemptId: AttemptId): string => `${COMPILE_PREFIX}${attemptId}`;

/** The mark makes it a source that nobody has compiled before: a cache would answer for the compiler of another day. */
export const resolveCanary = (
  { loaded, file, language }: Canary,
  { device, mark }: { readonly device: Device; readonly mark: string },
): ResolvedCandidate | Outcome => {
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

interface Judging {
  readonly host: HostState;
  readonly connection: Connected;
  readonly device: Device;
  /** Whose cases, reference and baseline it is judged by. */
  readonly loaded: LoadedProblem;
  readonly attemptId: AttemptId;
  readonly plans: JudgeTask['plans'];
  readonly artifact: ContentHash;
}

/** Code of a problem's own, which must be right, not fast. False: its host is not connected. */
export const judgeShortly = (
  state: Pick<CanariesSlice, 'rules' | 'hidden'>,
  { host, connection, device, loaded, attemptId, plans, artifact }: Judging,
): boolean => {
  const target = targetOf(deviceClassOf(device));
  const definition = definitionOn(state, host, { loaded, target, architecture: device.architecture });
  defineOn(host, connection, definition);
  return host.session.judge({
    attemptId,
    deviceId: device.id,
    problemKey: definition.key,
    artifact,
    plans,
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

/** Faster than the device can be is not right either. */
export const plausible = (
  { device, canary }: { readonly device: Device; readonly canary: Canary },
  outcome: Outcome,
): Outcome => {
  if (outcome.verdict !== 'passed') return outcome;
  return implausibleOutcome(outcome.timings, floorsOn(canary.loaded.problem, device)) ?? outcome;
};

/** "vector_add/baseline.cu: wrong_answer, case …" */
export const failureText = (canary: Canary, outcome: Outcome): string =>
  `${nameOf(canary)}: ${[outcome.verdict, reasonText(outcome)].filter((part) => part !== '').join(', ')}`;
