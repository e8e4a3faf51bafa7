/** `kiln demo`: a user's first five minutes, by themselves. Everything goes through the API, as a user's own work would. */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type KilnClient } from '../../client/create-client.ts';
import type { DeviceView } from '../../domain/api/fleet.ts';
import { KilnError } from '../../domain/errors.ts';
import type { Candidate } from '../../domain/candidate.ts';
import { rankingText } from '../commands/rank.ts';
import { paramsText } from '../../domain/text/params-text.ts';
import { note, print } from '../context.ts';
import { reasonText } from '../../domain/text/describe.ts';
import { createProgress } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { seconds } from '../../domain/text/units.ts';
import { whenDone } from '../watch-candidates.ts';
import { startDemoDaemon } from './demo-daemon.ts';
import { type DemoTarget, type Submitted, submitHonest, submitRest, TUNING } from './demo-work.ts';
import { createVerdictLines } from './verdict-lines.ts';

const DEVICES_LIMIT_MS = 240_000;
/** Several times what it takes: a machine that is busy with other things is no failure. Continuous integration ends it at 900 s. */
const WORK_LIMIT_MS = 800_000;
const LOOK_EVERY_MS = 200;

/** Throws when anything is not as it should be: a bad candidate that passed, a good one that did not, a process left behind. */
export const runDemo = async (signal: AbortSignal): Promise<void> => {
  const from = performance.now();
  note('starting a daemon of its own, with an empty store in a temporary folder');
  const daemon = await startDemoDaemon();
  try {
    const client = createClient({ url: daemon.url });
    await Promise.race([demonstrate(client), daemon.died, interrupted(signal), tooLate()]);
  } finally {
    await daemon.stop();
  }
  print(`\nstopped; no process is left. All of it took ${seconds((performance.now() - from) / 1000)}.`);
};

const demonstrate = async (client: KilnClient): Promise<void> => {
  const device = await firstDevice(client);
  const target: DemoTarget = device.kind === 'gpu' ? 'gpu' : 'cpu';
  const where = { target, device: device.class };
  const lineOf = createVerdictLines();
  const honest = await submitHonest(client, where);
  print(`${honest.length} honest candidates of two problems on ${device.model}, to begin with`);
  const first = await judged(client, honest, lineOf);
  const rest = await submitRest(client, where);
  print(`${rest.length} more, some of them bad on purpose`);
  const work = [...honest, ...rest];
  const candidates = new Map([...first, ...(await judged(client, rest, lineOf))]);
  for (const problem of new Set(TUNING[target].map((tuning) => tuning.problem))) {
    print(`\n${rankingText(await client.ranking(problem, { device: device.class, limit: 10 }))}`);
  }
  print(`\nwhat failed, and why:\n${failureTable(work, candidates)}`);
  checkVerdicts(work, candidates);
};

/** A GPU where there is one. The runner tells its devices as soon as it is connected. */
const firstDevice = async (client: KilnClient): Promise<DeviceView> => {
  const deadline = performance.now() + DEVICES_LIMIT_MS;
  for (;;) {
    const { hosts } = await client.fleet();
    const devices = hosts.flatMap((host) => host.devices).filter(({ unavailable }) => unavailable === null);
    const device = devices.find(({ kind }) => kind === 'gpu') ?? devices[0];
    if (device) return device;
    if (performance.now() > deadline) {
      const reasons = hosts.map(({ state, reason }) => reason ?? state).join('; ');
      throw new KilnError('HOST_UNREACHABLE', `this machine shows no device (${reasons}): ./kiln doctor says what is missing`);
    }
    await pause(LOOK_EVERY_MS);
  }
};

const judged = async (
  client: KilnClient,
  work: readonly Submitted[],
  lineOf: ReturnType<typeof createVerdictLines>,
): Promise<ReadonlyMap<string, Candidate>> => {
  const progress = createProgress({ sink: process.stderr, total: work.length, lines: 'some' });
  const candidates = new Map<string, Candidate>();
  const files = new Map<string, string>(work.map(({ id, name }) => [id, name]));
  let passed = 0;
  const onDone = (candidate: Candidate): void => {
    candidates.set(candidate.id, candidate);
    if (verdictOf(candidate) === 'passed') passed += 1;
    const line = lineOf(candidate, files.get(candidate.id) ?? candidate.id);
    if (line !== null) progress.line(line);
    progress.update(candidates.size, `judged, ${passed} passed`);
  };
  progress.update(0, 'judged');
  const ids = work.map(({ id }) => id);
  await whenDone(client, ids, { onDone });
  progress.end();
  return candidates;
};

const verdictOf = ({ state }: Candidate): string => (state.status === 'done' ? state.outcome.verdict : state.status);

const failureTable = (work: readonly Submitted[], candidates: ReadonlyMap<string, Candidate>): string => {
  const rows = work.flatMap(({ id, name }) => {
    const candidate = candidates.get(id);
    if (candidate?.state.status !== 'done' || candidate.state.outcome.verdict === 'passed') return [];
    const params = paramsText(candidate.submission.params);
    return [[params === '' ? name : `${name} ${params}`, candidate.state.outcome.verdict, reasonText(candidate.state.outcome)]];
  });
  return table([{ title: 'FILE' }, { title: 'VERDICT' }, { title: 'WHY' }], rows);
};

const checkVerdicts = (work: readonly Submitted[], candidates: ReadonlyMap<string, Candidate>): void => {
  const wrong = work.flatMap(({ id, name, expected }) => {
    const candidate = candidates.get(id);
    const verdict = candidate ? verdictOf(candidate) : 'unknown';
    return verdict === expected ? [] : [`${name} (${id}) is ${verdict}, not ${expected}`];
  });
  if (wrong.length === 0) return;
  throw new KilnError('INTERNAL', `the demo did not go as it should: ${wrong.join('; ')}`);
};

const interrupted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new KilnError('STOPPING', 'interrupted'));
    });
  });

const tooLate = async (): Promise<never> => {
  await pause(WORK_LIMIT_MS, null, { ref: false });
  throw new KilnError('INTERNAL', `the demo was not through after ${WORK_LIMIT_MS / 1000} s`);
};
