/** One stream through a daemon of its own: REST, queue, host session, runner, judge, ranking. */
import { z } from 'zod';
import type { KilnClient } from '../../../src/client/create-client.ts';
import type { Candidate } from '../../../src/domain/candidate.ts';
import { kilnFolder, startKiln, untilDone } from '../../../test/support/kiln-process.ts';
import { connectedHost } from '../../connected-host.ts';
import { type RateCandidate, PROBLEMS_FOLDER, bodyOf, expectedVerdict, keyOf, sweepOnly } from './candidates.ts';
import type { WithLoss } from './figures.ts';
import { SIMULATED_MODEL } from './judge-child.ts';
import { kilnYaml } from './timing.ts';
import { simulatedDevices } from './session-environment.ts';

const STREAM_LIMIT_MS = 400_000;
const PAGE = 500;
const PAGES_MAX = 20;
const WRONG_SHOWN_MAX = 5;
/** Judged before the clock starts, a device: contexts, problem and baseline are then there, as in a fleet that works. */
export const PRELUDE = 2;

export interface KilnRun {
  readonly judgements: readonly WithLoss[];
  /** From the submission to the last verdict, all candidates. */
  readonly wholeSeconds: number;
  readonly candidates: number;
  readonly confirmations: number;
  readonly daemonCpuSeconds: number;
  readonly roundTripMs: number | null;
  /** Verdicts that should have been others. */
  readonly unexpected: readonly string[];
  /** Of the stream, in its order. */
  readonly records: readonly Candidate[];
}

export interface KilnRunOptions {
  /** Transport of the fleet file's one host, e.g. "local: {}" or "ssh: {…}". */
  readonly transport: string;
  /** So many, from firstGpu on. */
  readonly gpus: number;
  /** 0 where it is left out. */
  readonly firstGpu?: number;
  readonly stream: readonly RateCandidate[];
  /** Would-be records are confirmed in pairs, as in real use; otherwise every candidate is judged exactly once. */
  readonly isRanked: boolean;
  /** First point of the sweep that the stream does not use. */
  readonly preludeFrom: number;
}

export const runKiln = async (options: KilnRunOptions): Promise<KilnRun> => {
  const folder = kilnFolder('hosts: []\n', { ...simulatedDevices(), KILN_KERNELS_DIR: PROBLEMS_FOLDER, KILN_LOG_LEVEL: 'warn' });
  folder.write('kiln.yaml', kilnYaml());
  const gpus = Array.from({ length: options.gpus }, (_, index) => (options.firstGpu ?? 0) + index).join(', ');
  folder.write(
    'fleet.yaml',
    `hosts:\n  - {name: bench, ${options.transport}, runnerDir: ${folder.path}/runner, gpus: [${gpus}], cpu: false}\n`,
  );
  try {
    const kiln = await startKiln(folder);
    try {
      return await stream(kiln.client, options);
    } finally {
      await kiln.stop();
    }
  } finally {
    // A runner behind ssh outlives its daemon by design; it names the folder, so it ends here.
    folder.remove();
  }
};

const stream = async (client: KilnClient, options: KilnRunOptions): Promise<KilnRun> => {
  const { device, isSimulated } = await connectedGpu(client);
  const prelude = sweepOnly(PRELUDE * options.gpus, options.preludeFrom);
  await submitAll(client, prelude, { device, isRanked: false });
  const cpuBefore = await cpuSeconds(client);
  const startedMs = performance.now();
  const ids = await submitAll(client, options.stream, { device, isRanked: options.isRanked });
  const wholeSeconds = (performance.now() - startedMs) / 1000;
  const daemonCpuSeconds = (await cpuSeconds(client)) - cpuBefore;
  const candidates = await judgedCandidates(client);
  const judged = ids.map((id) => candidates.get(id)).filter((candidate) => candidate !== undefined);
  return {
    judgements: judged.flatMap(judgementsOf),
    wholeSeconds,
    candidates: ids.length,
    confirmations: judged.flatMap(({ attempts }) => attempts.filter(({ mode }) => mode === 'confirm')).length,
    daemonCpuSeconds,
    roundTripMs: (await client.fleet()).hosts[0]?.roundTripMs ?? null,
    records: judged,
    unexpected: options.stream
      .flatMap(({ kind }, index) => {
        const expected = expectedVerdict(kind, isSimulated);
        const verdict = verdictOf(candidates.get(ids[index] ?? ''));
        return verdict === expected ? [] : [`${kind}: ${verdict} instead of ${expected}`];
      })
      .slice(0, WRONG_SHOWN_MAX),
  };
};

const connectedGpu = async (client: KilnClient): Promise<{ readonly device: string; readonly isSimulated: boolean }> => {
  const gpu = (await connectedHost(client)).devices.find(({ kind }) => kind === 'gpu');
  if (!gpu) throw new Error('the runner found no GPU; ./kiln doctor says why');
  return { device: gpu.class, isSimulated: gpu.model === SIMULATED_MODEL };
};

/** Their ids, once all are done. */
const submitAll = async (
  client: KilnClient,
  candidates: readonly RateCandidate[],
  options: { readonly device: string; readonly isRanked: boolean },
): Promise<readonly string[]> => {
  const answer = await client.submit(candidates.map((candidate) => bodyOf(candidate, options)));
  const ids = answer.candidates.map(({ id }): string => id);
  await untilDone(client, new Set(ids), STREAM_LIMIT_MS);
  return ids;
};

const cpuSeconds = async (client: KilnClient): Promise<number> => {
  const line = /^kiln_process_cpu_seconds_total (\S+)/m.exec(await client.metrics());
  return z.coerce.number().parse(line?.[1]);
};

const judgedCandidates = async (client: KilnClient): Promise<ReadonlyMap<string, Candidate>> => {
  const records = new Map<string, Candidate>();
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { candidates, next } = await client.candidates({ limit: PAGE, submitter: 'bench', ...(cursor ? { cursor } : {}) });
    for (const candidate of candidates) records.set(candidate.id, candidate);
    if (next === null) return records;
    cursor = next;
  }
  throw new Error(`more than ${PAGES_MAX * PAGE} candidates`);
};

const verdictOf = (candidate: Candidate | undefined): string =>
  candidate?.state.status === 'done' ? candidate.state.outcome.verdict : (candidate?.state.status ?? 'unknown');

const judgementsOf = ({ attempts, state, submission }: Candidate): KilnRun['judgements'] =>
  attempts.flatMap(({ phases, deviceId, finishedAt, verdict }) => {
    if (!phases || !verdict) return [];
    const lostMs = state.status === 'done' && state.outcome.verdict === 'crashed' ? (state.outcome.lostMs ?? null) : null;
    const { totalMs, measureMs, checkMs, loadMs, idleGapMs } = phases;
    return [
      {
        key: keyOf(submission.params),
        deviceId,
        verdict,
        finishedMs: Date.parse(finishedAt),
        totalMs,
        measureMs,
        checkMs,
        loadMs,
        idleGapMs,
        lostMs,
      },
    ];
  });
