/** Gives an attempt to its host: the problem first, where the runner does not hold it yet, and the record holder's artifact for a pair. */
import type { Device } from '../../domain/device.ts';
import type { JudgeTask, ProblemDefinition, TimingRules } from '../../domain/protocol.ts';
import { drawnFor, hiddenFor } from './hidden-task.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { markedUnit } from '../canaries/marks.ts';
import { findKnown, remember } from '../compiling/known-compiles.ts';
import { connectedTo } from '../host-state.ts';
import type { Connected, HostState } from '../host-state.ts';
import type { JudgingSlice } from '../state.ts';
import { recordUnitOf } from '../../problems/resolve-program.ts';
import { targetOf } from '../../problems/targets.ts';
import { askHost } from '../compiling/ask-host.ts';
import type { Compiled, HostUnit } from '../compiling/known-artifacts.ts';
import { callsOf, classOfCandidate, resolveContent, resolvedFor } from '../active-candidates.ts';
import type { ActiveCandidate, Attempt, Rival } from '../active-candidates.ts';
import { raceFor } from './race.ts';
import { rankingKeyOf } from './ranking-keys.ts';
import { defineOn, definitionOn } from '../definitions.ts';
import type { DrawnCase } from '../hidden-cases.ts';

const RECORD_PREFIX = 'record:';
/** A confirmation times both sides with more runs than a screening: it decides places. */
const CONFIRM_RUNS_FACTOR = 2;

type Judge = Extract<Effect, { type: 'judge' }>;
interface Delivery {
  readonly judge: Judge;
  readonly candidate: ActiveCandidate;
  readonly host: HostState;
  readonly connection: Connected;
  readonly architecture: string;
  readonly model: string;
  readonly device: Device;
  readonly drawn: DrawnCase | null;
}

export const sendJudge = (state: JudgingSlice, judge: Judge): void => {
  const candidate = state.active.get(judge.id);
  const host = state.hosts.get(judge.hostId);
  const device = host?.devices.find(({ id }) => id === judge.deviceId);
  const connection = host && connectedTo(host);
  if (!candidate || !connection || !device) return;
  const { architecture, model } = device;
  const drawn = drawnFor(state, candidate);
  const delivery = { judge, candidate, host, connection, architecture, model, device, drawn };
  const rival = rivalOf(state, delivery);
  begin(delivery, { pairedWith: rival, artifacts: [judge.artifact] });
  defineOn(host, connection, definitionOf(state, delivery));
  if (rival === null || rival.candidateId === judge.id) return send(state, delivery, null);
  connection.preparing.add(judge.attemptId);
  void compileRival(state, delivery, rival);
};

/** Again where something else is judged after all. */
const begin = ({ judge, candidate }: Delivery, what: Pick<Attempt, 'pairedWith' | 'artifacts'>): void =>
  void candidate.attempts.set(judge.attemptId, {
    mode: judge.mode,
    madeBy: candidate.compiled.by,
    isByAnswers: candidate.byAnswers !== null,
    evaluation: null,
    ...what,
  });

/** Of a confirmation the record holder; of a trial whom it is to be compared with. */
const rivalOf = (state: JudgingSlice, { judge, candidate, model }: Delivery): Rival | null => {
  const { against } = candidate.submission.content;
  if (against !== undefined) return { candidateId: against };
  return judge.mode === 'confirm'
    ? state.recordHolders.holder(rankingKeyOf(candidate, model, classOfCandidate(candidate)))
    : null;
};

/** Its own programs are recorded for the case that was drawn. */
const definitionOf = (state: JudgingSlice, { candidate, host, architecture, drawn }: Delivery): ProblemDefinition => {
  const { loaded, submission } = candidate;
  return definitionOn(state, host, {
    loaded,
    target: targetOf(submission.content.device),
    architecture,
    hiddenSet: drawn?.hiddenSet,
  });
};

const send = (state: JudgingSlice, delivery: Delivery, record: JudgeTask['record']): void => {
  const { judge, candidate, host, architecture, device } = delivery;
  const resolved = resolvedFor(candidate, architecture);
  if ('verdict' in resolved) return;
  host.session.judge({
    attemptId: judge.attemptId,
    deviceId: judge.deviceId,
    problemKey: definitionOf(state, delivery).key,
    artifact: judge.artifact,
    plans: resolved.plans,
    ...hiddenFor(delivery.drawn, candidate),
    ...raceFor(state, { candidate, device, mode: judge.mode }),
    timing: timingOf(delivery, state.rules.timing),
    record,
    limitMs: state.rules.limitMs,
    waitedMs: judge.waitedMs,
  });
};

/** What is called could remember its last answers: it has new inputs each time. */
const timingOf = (delivery: Delivery, timing: TimingRules): TimingRules => {
  if (isPaired(delivery)) return confirmTiming(timing);
  return delivery.candidate.byAnswers === null ? timing : { ...timing, inputs: 'fresh' };
};

const isPaired = ({ judge, candidate }: Delivery): boolean =>
  judge.mode === 'confirm' || candidate.submission.content.against !== undefined;

const confirmTiming = (timing: TimingRules): TimingRules => ({
  ...timing,
  method: 'paired',
  inputs: 'fresh',
  runsMin: timing.runsMin * CONFIRM_RUNS_FACTOR,
  runsMax: timing.runsMax * CONFIRM_RUNS_FACTOR,
  caseBudgetMs: timing.caseBudgetMs * CONFIRM_RUNS_FACTOR,
});

/** False when it was retracted or cancelled, or its connection ended meanwhile. */
const release = ({ host, connection, judge }: Delivery): boolean =>
  connectedTo(host) === connection && connection.preparing.delete(judge.attemptId);

/** The host has compiled it before, as a rule: then it is known here, or this is a look in its cache. */
const compileRival = async (state: JudgingSlice, delivery: Delivery, rival: Rival): Promise<void> => {
  const { judge, candidate, host, architecture } = delivery;
  const content = await state.store.content(rival.candidateId).catch((error: unknown) => {
    state.log.warn({ err: error, candidateId: rival.candidateId }, 'could not read whom it is paired with; judging without that');
    return null;
  });
  const resolved = content && resolveContent(candidate.loaded, content, architecture);
  if (!resolved || 'verdict' in resolved) return unpaired(state, delivery);
  const paired = ({ artifact }: Compiled): void => {
    if (!release(delivery)) return;
    begin(delivery, { pairedWith: rival, artifacts: [judge.artifact, artifact] });
    send(state, delivery, { artifact, plans: resolved.plans });
  };
  const unit = markedUnit(resolved.unit, host.canaries.marks.code);
  const calls = callsOf(resolved, content, { loaded: candidate.loaded, drawn: state.hidden.lastOf(rival.candidateId) });
  makeRival(state, delivery, unit, (made) => {
    if (!calls || unit.language !== 'python') return paired(made);
    const isByAnswers = candidate.byAnswers !== null;
    const built = { artifact: made.artifact, deviceModel: delivery.model, calls, isByAnswers };
    const recorded = recordUnitOf(unit, { ...built, again: candidate.clashes });
    makeRival(state, delivery, recorded, paired);
  });
};

const makeRival = (state: JudgingSlice, delivery: Delivery, unit: HostUnit, then: (made: Compiled) => void): void => {
  const { judge, host, connection } = delivery;
  const known = findKnown(state, host, unit);
  if (known) return then(known);
  const compileId = `${RECORD_PREFIX}${judge.attemptId}`;
  connection.compileAnswers.set(compileId, (result) => {
    connection.compileAnswers.delete(compileId);
    remember(host, unit, result);
    if (result.status !== 'compiled') return unpaired(state, delivery);
    then(result);
  });
  const limitMs = state.rules.compileLimitMs;
  if (!askHost(host, { compileId, unit, limitMs })) connection.compileAnswers.delete(compileId);
};

/** Judged against the baseline alone: the result will not count as paired. */
const unpaired = (state: JudgingSlice, delivery: Delivery): void => {
  if (!release(delivery)) return;
  begin(delivery, { pairedWith: null, artifacts: [delivery.judge.artifact] });
  send(state, delivery, null);
};
