/** A problem's own code on a device of the fleet, compiled and judged as a candidate is, and nobody's. */
import type { Device } from '../../domain/device.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { InfraFailure } from '../../domain/infra-failure.ts';
import type { CompileResult, CompileUnit, JudgeResult, JudgeTask } from '../../domain/protocol.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { type Calls, recordUnitOf } from '../../problems/resolve-program.ts';
import { compileIdOf, judgeShortly, newCanaryAttempt } from '../canaries/canary-attempt.ts';
import { markedUnit } from '../canaries/marks.ts';
import { askHost } from '../compiling/ask-host.ts';
import type { HostUnit } from '../compiling/known-artifacts.ts';
import type { Connected, HostState } from '../host-state.ts';
import type { AnswersSlice } from '../state.ts';

/** Behind what waits at the device. */
const WAIT_MS_MAX = 60_000;
const RECORD_SUFFIX = ':record';

export interface Place {
  readonly host: HostState;
  readonly connection: Connected;
  readonly device: Device;
  readonly loaded: LoadedProblem;
}

export interface Version {
  readonly unit: CompileUnit;
  readonly plans: JudgeTask['plans'];
  /** Of a program: how it is called once it is built. */
  readonly calls?: Calls;
}

/** Whatever a place answers: an outcome, or why there is none. */
export type Answer =
  | { readonly outcome: Outcome }
  | { readonly failure: string; readonly refused: boolean /** Its own code failed there. */; readonly isProblems: boolean };

type Trying = Pick<AnswersSlice, 'rules' | 'hidden'>;

/** What it does beside a wrong answer is no concern: few timed runs. */
export const tryVersion = async (state: Trying, place: Place, version: Version): Promise<Answer> => {
  const { host, connection } = place;
  const attemptId = newCanaryAttempt();
  const made = await make(state, place, { ...version, compileId: compileIdOf(attemptId) });
  if (made === null) return lost();
  if (made.status === 'failed') return { outcome: made.outcome };
  if (made.status === 'infra') return failed(made.failure);
  const { artifact } = made;
  const result = await answered<JudgeResult>(state, connection, {
    answers: connection.judgeAnswers,
    id: attemptId,
    ask: () => judgeShortly(state, { ...place, attemptId, plans: version.plans, artifact }),
  });
  if (result === null) return lost();
  host.session.ack([attemptId]);
  if (result.outcome) return { outcome: result.outcome };
  connection.defined.clear();
  return failed(result.infra ?? { code: 'internal', message: 'the runner gave neither outcome nor failure' });
};

/** Compiled; of a program also recorded. */
const make = async (
  state: Trying,
  { host, connection, device }: Place,
  { unit, calls, compileId }: Version & { readonly compileId: string },
): Promise<CompileResult | null> => {
  const marked = markedUnit(unit, host.canaries.marks.code);
  const asked = async (id: string, wanted: HostUnit): Promise<CompileResult | null> =>
    answered<CompileResult>(state, connection, {
      answers: connection.compileAnswers,
      id,
      ask: () => askHost(host, { compileId: id, unit: wanted, limitMs: state.rules.compileLimitMs }),
    });
  const compiled = await asked(compileId, marked);
  if (!calls || marked.language !== 'python' || compiled?.status !== 'compiled') return compiled;
  const wanted = { artifact: compiled.artifact, deviceModel: device.model, calls, isByAnswers: false };
  return asked(`${compileId}${RECORD_SUFFIX}`, recordUnitOf(marked, wanted));
};

const failed = ({ code, message }: InfraFailure): Answer => ({
  failure: `${code}: ${message}`,
  refused: code === 'problem_refused',
  isProblems: code === 'reference_failed' || code === 'baseline_failed',
});

const lost = (): Answer => ({ failure: 'its host was lost, or did not answer in time', refused: false, isProblems: false });

/** Null where the connection ended, or nothing came for longer than any judgement takes. */
const answered = async <T>(
  state: Trying,
  connection: Connected,
  { answers, id, ask }: { readonly answers: Map<string, (answer: T) => void>; readonly id: string; readonly ask: () => boolean },
): Promise<T | null> => {
  const { promise, resolve } = Promise.withResolvers<T | null>();
  const giveUp = (): void => resolve(null);
  const late = setTimeout(giveUp, state.rules.limitMs + state.rules.compileLimitMs + WAIT_MS_MAX);
  connection.ended.signal.addEventListener('abort', giveUp, { once: true });
  answers.set(id, resolve);
  if (!ask()) giveUp();
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    connection.ended.signal.removeEventListener('abort', giveUp);
    answers.delete(id);
  }
};
