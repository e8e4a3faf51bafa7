/** Wrong versions of a problem's reference, compiled and judged on a device of the fleet as candidates are: its check must find each. */
import type { CheckProblem, ProblemTried, TriedMutant } from '../../domain/api/problem-check.ts';
import { deviceClassOf } from '../../domain/device.ts';
import type { Device } from '../../domain/device.ts';
import { KilnError } from '../../domain/errors.ts';
import { reasonText } from '../../domain/text/describe.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { mutantsOf } from '../../problems/mutants.ts';
import type { Mutant } from '../../problems/mutants.ts';
import { resolveProgram } from '../../problems/resolve-program.ts';
import { targetOf } from '../../problems/targets.ts';
import { bookingOf, hostNamed, connectedTo, isTrusted, recordsAll } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { AnswersSlice } from '../state.ts';
import { type Answer, type Place, tryVersion } from './try-version.ts';

type Checking = Pick<AnswersSlice, 'hosts' | 'rules' | 'hidden'>;

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
  const first = own && (await tryVersion(state, place, own));
  let refused = first ? refusalOf(first) : null;
  const mutants: TriedMutant[] = [];
  for (const mutant of wrong) {
    if (refused !== null) break;
    const answer = await tryVersion(state, place, mutant);
    // Of a program there is no trial of its own: what its host says of it comes with the first wrong version.
    if ('failure' in answer && (answer.refused || (!own && answer.isProblems))) refused = answer.failure;
    else mutants.push(triedMutant(mutant, answer));
  }
  const library = refused === null ? await tryLibrary(state, place) : null;
  return {
    problem: loaded.problem.name,
    host: host.session.hostId,
    deviceId: device.id,
    deviceModel: device.model,
    device: deviceClassOf(device),
    ok:
      refused === null &&
      library?.failed == null &&
      mutants.every(({ foundBy, untried }) => foundBy !== null || untried !== null),
    refused,
    mutants,
    library,
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

/** It must be right where its host records its environment: what it takes is shown to everybody. Null: there is none for the device. */
const tryLibrary = async (state: Checking, { loaded, ...place }: Place): Promise<ProblemTried['library']> => {
  const { library, problem } = loaded;
  const { host, device } = place;
  if (library === null || device.kind === 'cpu') return null;
  const { environment } = library.program;
  if (!recordsAll(host, [environment]))
    return { failed: null, untried: `its host records no programs of environment "${environment}"` };
  const { unit, calls } = resolveProgram(library, { problem, target: 'gpu', architecture: device.architecture });
  const answer = await tryVersion(state, { loaded, ...place }, { unit, calls, plans: {} });
  if (!('outcome' in answer)) return { failed: null, untried: answer.failure };
  const { outcome } = answer;
  return { failed: outcome.verdict === 'passed' ? null : `${outcome.verdict}: ${reasonText(outcome)}`, untried: null };
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
  return loaded.targets.includes(target) && recordsAll(host, loaded.environments(target));
};

const isAsked = ({ host, device }: CheckProblem, { session }: HostState, found: Device): boolean =>
  (host === undefined || session.hostId === host) && (device === undefined || deviceClassOf(found) === device);
