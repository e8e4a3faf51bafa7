/** Wrong versions of a problem's reference, compiled and judged on a device of the fleet as candidates are: its check must find each. */
import type { CheckProblem, ProblemTried, TriedMutant } from '../../domain/api/problem-check.ts';
import { deviceClassOf } from '../../domain/device.ts';
import type { Device } from '../../domain/device.ts';
import { KilnError } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { CompileResult, InfraFailure, JudgeResult } from '../../domain/protocol.ts';
import { judgingLabel } from '../../domain/hosts/environment-label.ts';
import { reasonText } from '../../domain/text/describe.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { mutantsOf } from '../../problems/mutants.ts';
import type { Mutant } from '../../problems/mutants.ts';
import { targetOf } from '../../problems/targets.ts';
import { compileIdOf, judgeShortly, newCanaryAttempt } from '../canaries/canary-attempt.ts';
import { markedUnit } from '../canaries/marks.ts';
import { bookingOf, environmentLabels, hostNamed, connectedTo, isTrusted } from '../host-state.ts';
import type { Connected, HostState } from '../host-state.ts';
import type { AnswersSlice } from '../state.ts';

/** Behind what waits at the device. */
const WAIT_MS_MAX = 60_000;

interface Place {
  readonly host: HostState;
  readonly connection: Connected;
  readonly device: Device;
  readonly loaded: LoadedProblem;
}

/** Whatever a place answers: an outcome, or why there is none. */
type Answer =
  | { readonly outcome: Outcome }
  | { readonly failure: string; readonly refused: boolean /** Its own code failed there. */; readonly isProblems: boolean };

type Checking = Pick<AnswersSlice, 'hosts' | 'rules'>;

/** One problem at a time: it takes a device from candidates. */
export const createProblemChecks = (state: Checking) => {
  let under: string | null = null;
  return async (loaded: LoadedProblem, where: CheckProblem): Promise<ProblemTried> => {
    const place = placeFor(state, loaded, where);
    if (under !== null) throw new KilnError('QUEUE_FULL', `problem ${under} is being checked; ask again when that is done`);
    under = loaded.problem.name;
    try {
      return await check(state, place);
    } finally {
      under = null;
    }
  };
};

const check = async (state: Checking, place: Place): Promise<ProblemTried> => {
  const { host, device, loaded } = place;
  const { own, wrong } = mutantsOf(loaded.definitionFor(targetOf(deviceClassOf(device)), device.architecture));
  const first = own && (await tried(state, place, own));
  let refused = first ? refusalOf(first) : null;
  const mutants: TriedMutant[] = [];
  for (const mutant of wrong) {
    if (refused !== null) break;
    const answer = await tried(state, place, mutant);
    // Of a program there is no trial of its own: what its host says of it comes with the first wrong version.
    if ('failure' in answer && (answer.refused || (!own && answer.isProblems))) refused = answer.failure;
    else mutants.push(triedMutant(mutant, answer));
  }
  return {
    problem: loaded.problem.name,
    host: host.session.hostId,
    deviceId: device.id,
    deviceModel: device.model,
    device: deviceClassOf(device),
    ok: refused === null && mutants.every(({ foundBy, untried }) => foundBy !== null || untried !== null),
    refused,
    mutants,
  };
};

/** Of the reference itself, which must pass. */
const refusalOf = (answer: Answer): string | null => {
  if (!('outcome' in answer)) {
    if (answer.refused) return answer.failure;
    throw new KilnError('HOST_UNREACHABLE', `the problem could not be tried: ${answer.failure}`);
  }
  const { outcome } = answer;
  return outcome.verdict === 'passed' ? null : `its own reference is judged ${outcome.verdict}: ${reasonText(outcome)}`;
};

const triedMutant = ({ name }: Mutant, answer: Answer): TriedMutant => {
  if (!('outcome' in answer)) return { name, foundBy: null, untried: answer.failure };
  const { outcome } = answer;
  if (outcome.verdict === 'passed') return { name, foundBy: null, untried: null };
  if (outcome.verdict === 'compile_error') return { name, foundBy: null, untried: `it does not compile: ${reasonText(outcome)}` };
  return { name, foundBy: 'case' in outcome ? outcome.case : outcome.verdict, untried: null };
};

const placeFor = (state: Checking, loaded: LoadedProblem, where: CheckProblem): Place => {
  const hosts = [...state.hosts.values()];
  if (where.host !== undefined) hostNamed(state.hosts, where.host);
  const places = hosts.flatMap((host) => {
    const connection = connectedTo(host);
    return connection ? host.devices.map((device) => ({ host, connection, device, loaded })) : [];
  });
  const [chosen] = places
    .filter(({ host, device }) => isAsked(where, host, device) && isTrusted(host, device))
    .filter(({ host, device }) => where.host !== undefined || bookingOf(host, device.id) === null)
    .filter(({ host, device }) => canJudge(loaded, host, device))
    .toSorted((one, other) => Number(other.device.kind === 'gpu') - Number(one.device.kind === 'gpu'));
  if (chosen) return chosen;
  const classes = [...new Set(places.map(({ device }) => deviceClassOf(device)))].join(', ') || 'none';
  const wish = where.device ?? where.host ?? loaded.targets.join(' or ');
  const needed = loaded.targets.flatMap((target) => loaded.environments(target));
  const needs =
    needed.length === 0 ? '' : `; its reference is a program: the host must record those of environment ${needed.join(', ')}`;
  throw new KilnError(
    'UNKNOWN_DEVICE',
    `no device of ${wish} takes work for ${loaded.problem.name} now; device classes of connected hosts: ${classes} (kiln fleet says more)${needs}`,
  );
};

/** It has what the problem's own sides are compiled for and, where they are programs, recorded by. */
const canJudge = (loaded: LoadedProblem, host: HostState, device: Device): boolean => {
  const target = targetOf(deviceClassOf(device));
  if (!loaded.targets.includes(target)) return false;
  const labels = environmentLabels(host);
  return loaded.environments(target).every((name) => labels.includes(judgingLabel(name)));
};

const isAsked = ({ host, device }: CheckProblem, { session }: HostState, found: Device): boolean =>
  (host === undefined || session.hostId === host) && (device === undefined || deviceClassOf(found) === device);

/** What it does beside a wrong answer is no concern: few timed runs. */
const tried = async (state: Checking, place: Place, mutant: Mutant): Promise<Answer> => {
  const { host, connection } = place;
  const attemptId = newCanaryAttempt();
  const unit = markedUnit(mutant.unit, host.canaries.marks.code);
  const compiled = await answered<CompileResult>(state, connection, {
    answers: connection.compileAnswers,
    id: compileIdOf(attemptId),
    ask: () => host.session.compile(compileIdOf(attemptId), unit, state.rules.compileLimitMs),
  });
  if (compiled === null) return lost();
  if (compiled.status === 'failed') return { outcome: compiled.outcome };
  if (compiled.status === 'infra') return failed(compiled.failure);
  const { artifact } = compiled;
  const result = await answered<JudgeResult>(state, connection, {
    answers: connection.judgeAnswers,
    id: attemptId,
    ask: () => judgeShortly(state, { ...place, attemptId, plans: mutant.plans, artifact }),
  });
  if (result === null) return lost();
  host.session.ack([attemptId]);
  if (result.outcome) return { outcome: result.outcome };
  connection.defined.clear();
  return failed(result.infra ?? { code: 'internal', message: 'the runner gave neither outcome nor failure' });
};

const failed = ({ code, message }: InfraFailure): Answer => ({
  failure: `${code}: ${message}`,
  refused: code === 'problem_refused',
  isProblems: code === 'reference_failed' || code === 'baseline_failed',
});

const lost = (): Answer => ({ failure: 'its host was lost, or did not answer in time', refused: false, isProblems: false });

/** Null where the connection ended, or nothing came for longer than any judgement takes. */
const answered = async <T>(
  state: Pick<Checking, 'rules'>,
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
