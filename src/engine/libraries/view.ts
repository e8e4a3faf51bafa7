/** GET /v1/problems/:name/library: of each device model what the library program takes, or why nobody knows. */
import { deviceClassOf } from '../../domain/device.ts';
import type { LibraryTime, LibraryView } from '../../domain/library.ts';
import { SILENT_VERDICTS } from '../../domain/outcome.ts';
import { reasonText } from '../../domain/text/describe.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import type { LibraryProgram } from '../../problems/library.ts';
import { recordsAll } from '../host-state.ts';
import type { LibrariesSlice } from '../state.ts';
import { isAskedAgain } from './next-work.ts';
import { placesOf, workAt } from './places.ts';
import type { LibraryRun } from './runs.ts';

type Viewed = Pick<LibrariesSlice, 'hosts' | 'libraryRuns' | 'rules'>;
type Timed = Pick<LibraryTime, 'cases' | 'reason'>;

export const libraryView = (state: Viewed, loaded: LoadedProblem): LibraryView => {
  const { problem, library, contentHash } = loaded;
  if (library === null) return { problem: problem.name, program: null, models: [] };
  const version = contentHash('gpu');
  const runs = state.libraryRuns
    .all()
    .filter((run) => run.problem === problem.name && run.problemVersion === version && run.key.hash === library.hash);
  const present = presentRuns(state, loaded);
  const devices = [...gpusOf(state), ...runs.map(({ device, key }) => ({ device, deviceModel: key.deviceModel }))];
  const models = new Map(devices.map(({ deviceModel, device }) => [deviceModel, device]));
  return {
    problem: problem.name,
    program: library.program.entry.file,
    models: [...models]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([deviceModel, device]) => {
        const ofModel = runs.filter(({ key }) => key.deviceModel === deviceModel);
        const run = shownOf(ofModel, present);
        const timed = run ? timedOf(run) : { cases: [], reason: whyNotYet(state, deviceModel, library) };
        return { device, deviceModel, candidateId: run?.id ?? null, environment: run?.key.environment ?? null, ...timed };
      }),
  };
};

const gpusOf = ({ hosts }: Pick<Viewed, 'hosts'>) =>
  [...hosts.values()].flatMap(({ devices }) =>
    devices.filter(({ kind }) => kind === 'gpu').map((device) => ({ device: deviceClassOf(device), deviceModel: device.model })),
  );

/** Those of drivers and environments that hosts have now: one that came back counts, whatever was timed by another meanwhile. */
const presentRuns = (state: Viewed, loaded: LoadedProblem): ReadonlySet<LibraryRun> =>
  new Set(
    placesOf(state).flatMap((place) => {
      const work = workAt(loaded, place);
      return (work && state.libraryRuns.of(work)) ?? [];
    }),
  );

/** What came to something last, rather of what is present; while there is nothing, the last that was asked for. */
const shownOf = (runs: readonly LibraryRun[], present: ReadonlySet<LibraryRun>): LibraryRun | undefined => {
  const ended = runs.filter((run) => endedAt(run) !== '').toSorted((one, other) => (endedAt(one) < endedAt(other) ? -1 : 1));
  return ended.findLast((run) => present.has(run)) ?? ended.at(-1) ?? runs.findLast((run) => present.has(run)) ?? runs.at(-1);
};

const endedAt = ({ state }: LibraryRun): string =>
  state.status === 'done' && !SILENT_VERDICTS.has(state.outcome.verdict) ? state.finishedAt : '';

const timedOf = (run: LibraryRun): Timed => {
  const { id, state, isByAnswers } = run;
  if (state.status !== 'done') return { cases: [], reason: `not measured yet: it waits until a device is idle (${id})` };
  const { outcome } = state;
  const again = isAskedAgain(run) ? '; it is timed again later' : '';
  if (outcome.verdict !== 'passed')
    return { cases: [], reason: `it is judged ${outcome.verdict}: ${reasonText(outcome)} (${id})${again}` };
  if (isByAnswers) return { cases: [], reason: `it is timed by its answers, which are compared with no device code (${id})` };
  return {
    cases: outcome.timings.map(({ case: name, candidate }) => ({ case: name, medianNs: candidate.medianNs })),
    reason: null,
  };
};

const whyNotYet = ({ hosts, rules }: Viewed, deviceModel: string, { program: { environment } }: LibraryProgram): string => {
  const having = [...hosts.values()].filter(({ devices }) => devices.some(({ model }) => model === deviceModel));
  if (!having.some((host) => recordsAll(host, [environment])))
    return `no host with this model records programs of environment "${environment}" (kiln doctor says why)`;
  return rules.libraryTimes ? 'not measured yet: it is once a device is idle' : 'not measured: judging.libraryTimes is false';
};
