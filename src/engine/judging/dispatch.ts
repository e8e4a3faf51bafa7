/** Gives an attempt to its host: the problem first, where the runner does not hold it yet, and the record holder's artifact for a pair. */
import type { JudgeTask, ProblemDefinition, TimingRules } from '../../domain/protocol.ts';
import type { RecordHolder } from '../../domain/ranking/score.ts';
import { hiddenFor } from './hidden-task.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { markedDefinition, markedUnit } from '../canaries/marks.ts';
import { findKnown, remember } from '../compiling/known-compiles.ts';
import type { EngineState, HostState } from '../state.ts';
import { targetOf } from '../answers/prepare-candidate.ts';
import type { Compiled } from '../compiling/known-artifacts.ts';
import { resolveContent, resolvedFor } from '../active-candidates.ts';
import type { Live } from '../active-candidates.ts';
import { recordKeyOf } from './record-key.ts';

const RECORD_PREFIX = 'record:';
/** A confirmation times both sides with more runs than a screening: it decides places. */
const CONFIRM_RUNS_FACTOR = 2;

type Judge = Extract<Effect, { type: 'judge' }>;
interface Delivery {
  readonly judge: Judge;
  readonly live: Live;
  readonly host: HostState;
  readonly architecture: string;
  readonly model: string;
}

export const sendJudge = (state: EngineState, judge: Judge): void => {
  const live = state.lives.get(judge.id);
  const host = state.hosts.get(judge.hostId);
  const device = host?.devices.find(({ id }) => id === judge.deviceId);
  if (!live || !host || !device) return;
  const delivery = { judge, live, host, architecture: device.architecture, model: device.model };
  const holder = judge.mode === 'confirm' ? state.records.holder(recordKeyOf(live, device.model)) : null;
  live.attempts.set(judge.attemptId, { mode: judge.mode, pairedWith: holder, artifacts: [judge.artifact], evaluation: null });
  define(delivery);
  if (holder === null || holder.candidateId === judge.id) return send(state, delivery, null);
  host.preparing.add(judge.attemptId);
  void compileRecord(state, delivery, holder);
};

const define = (delivery: Delivery): void => {
  const { host } = delivery;
  const definition = definitionOf(delivery);
  if (host.defined.has(definition.key)) return;
  if (host.session.defineProblem(definition)) host.defined.add(definition.key);
};

const definitionOf = ({ live, host, architecture }: Delivery): ProblemDefinition =>
  markedDefinition(live.loaded.definitionFor(targetOf(live.submission.content.device), architecture), host.marks.problems);

const send = (state: EngineState, delivery: Delivery, record: JudgeTask['record']): void => {
  const { judge, live, host, architecture } = delivery;
  const resolved = resolvedFor(live, architecture);
  if ('verdict' in resolved) return;
  host.session.judge({
    attemptId: judge.attemptId,
    deviceId: judge.deviceId,
    problemKey: definitionOf(delivery).key,
    artifact: judge.artifact,
    plans: resolved.plans,
    ...hiddenFor(state, live),
    timing: judge.mode === 'confirm' ? confirmTiming(state.rules.timing) : state.rules.timing,
    record,
    limitMs: state.rules.limitMs,
    waitedMs: judge.waitedMs,
  });
};

const confirmTiming = (timing: TimingRules): TimingRules => ({
  ...timing,
  method: 'paired',
  inputs: 'fresh',
  runsMin: timing.runsMin * CONFIRM_RUNS_FACTOR,
  runsMax: timing.runsMax * CONFIRM_RUNS_FACTOR,
  caseBudgetMs: timing.caseBudgetMs * CONFIRM_RUNS_FACTOR,
});

/** False when it was retracted or cancelled meanwhile. */
const release = ({ host, judge }: Delivery): boolean => host.preparing.delete(judge.attemptId);

/** The host has compiled it before, as a rule: then it is known here, or this is a look in its cache. */
const compileRecord = async (state: EngineState, delivery: Delivery, holder: RecordHolder): Promise<void> => {
  const { judge, live, host, architecture } = delivery;
  const content = await state.store.content(holder.candidateId).catch((error: unknown) => {
    state.log.warn({ err: error, candidateId: holder.candidateId }, 'could not read the record holder; confirming without it');
    return null;
  });
  const resolved = content && resolveContent(live.loaded, content, architecture);
  if (!resolved || 'verdict' in resolved) return unpaired(state, delivery);
  const paired = ({ artifact }: Compiled): void => {
    if (!release(delivery)) return;
    live.attempts.set(judge.attemptId, {
      mode: judge.mode,
      pairedWith: holder,
      artifacts: [judge.artifact, artifact],
      evaluation: null,
    });
    send(state, delivery, { artifact, plans: resolved.plans });
  };
  const unit = markedUnit(resolved.unit, host.marks.code);
  const known = findKnown(state, host, unit);
  if (known) return paired(known);
  const compileId = `${RECORD_PREFIX}${judge.attemptId}`;
  host.recordCompiles.set(compileId, (result) => {
    host.recordCompiles.delete(compileId);
    remember(host, unit, result);
    if (result.status !== 'compiled') return unpaired(state, delivery);
    paired(result);
  });
  if (!host.session.compile(compileId, unit, state.rules.compileLimitMs)) host.recordCompiles.delete(compileId);
};

/** Judged against the baseline alone: the result will not count as paired with the holder. */
const unpaired = (state: EngineState, delivery: Delivery): void => {
  if (!release(delivery)) return;
  delivery.live.attempts.set(delivery.judge.attemptId, {
    mode: 'confirm',
    pairedWith: null,
    artifacts: [delivery.judge.artifact],
    evaluation: null,
  });
  send(state, delivery, null);
};
