/** What the demo submits: good candidates with the params to try, and bad ones with the verdict each must get. */
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { KilnClient } from '../../client/create-client.ts';
import type { Verdict } from '../../domain/outcome.ts';
import { PROJECT_ROOT } from '../context.ts';
import type { Space } from '../input/params.ts';
import { sweepIds } from '../sweep-ids.ts';

export type DemoTarget = 'gpu' | 'cpu';

export interface Tuning {
  readonly problem: string;
  /** In `kernels/PROBLEM/seeds`. */
  readonly seed: string;
  /** Null: as it is. */
  readonly space: Space | null;
}

export const TUNING: Readonly<Record<DemoTarget, readonly Tuning[]>> = {
  cpu: [
    { problem: 'vector_add', seed: '1-restrict.c', space: null },
    { problem: 'vector_add', seed: '2-vectors.c', space: { WIDTH: [4, 8], UNROLL: [1, 2, 4, 8] } },
    { problem: 'vector_add', seed: '3-streaming.c', space: { UNROLL: [2, 4, 8] } },
    { problem: 'softmax', seed: '1-keep-exp.c', space: null },
    { problem: 'softmax', seed: '2-vectors.c', space: { WIDTH: [4, 8], ACCUMULATORS: [1, 2, 4] } },
  ],
  gpu: [
    { problem: 'vector_add', seed: '1-grid-stride.cu', space: { BLOCK: [128, 256], PER_THREAD: [2, 4] } },
    { problem: 'vector_add', seed: '3-float4.cu', space: { BLOCK: [128, 256, 512] } },
    { problem: 'vector_add', seed: '2-streaming.cu', space: { BLOCK: [256, 512], UNROLL: [1, 2, 4] } },
    { problem: 'softmax', seed: '2-online.cu', space: { BLOCK: [128, 256, 512] } },
    { problem: 'softmax', seed: '3-registers.cu', space: { VECTORS: [4, 8], CHUNK: [8192, 16384] } },
  ],
};

/** Files in `candidates/`, all of them for vector_add. */
export const BAD: Readonly<Record<string, Verdict>> = {
  'wrong-answer': 'wrong_answer',
  'does-not-compile': 'compile_error',
  'bad-plan': 'plan_error',
  crash: 'crashed',
  endless: 'timed_out',
  'overwrites-input': 'modified_input',
};
const BAD_PROBLEM = 'vector_add';
const ENDING: Readonly<Record<DemoTarget, string>> = { cpu: '.c', gpu: '.cu' };
const SUBMITTER = 'demo';

export const seedPath = ({ problem, seed }: Tuning): string => join(PROJECT_ROOT, 'kernels', problem, 'seeds', seed);
export const badPath = (name: string, target: DemoTarget): string =>
  join(import.meta.dirname, 'candidates', `${name}${ENDING[target]}`);

/** One submitted candidate of the demo. */
export interface Submitted {
  readonly id: string;
  /** Its file. */
  readonly name: string;
  readonly expected: Verdict;
}

export interface Where {
  readonly target: DemoTarget;
  readonly device: string;
}

/** Of each problem an honest candidate: with these there is a ranking, before anything comes that must never be in it. */
export const submitHonest = async (client: KilnClient, { target, device }: Where): Promise<readonly Submitted[]> =>
  submitTunings(client, TUNING[target].filter(isFirst), device);

/** Bad ones first, so that the endless one's waiting overlaps with nothing that comes last. */
export const submitRest = async (client: KilnClient, { target, device }: Where): Promise<readonly Submitted[]> => {
  const bad = await Promise.all(
    Object.entries(BAD).map(([name, expected]) => submitBad(client, { name, expected, target, device })),
  );
  const others = TUNING[target].filter((...tuning) => !isFirst(...tuning));
  return [...bad, ...(await submitTunings(client, others, device))];
};

const isFirst = ({ problem }: Tuning, at: number, all: readonly Tuning[]): boolean =>
  all.findIndex((other) => other.problem === problem) === at;

const submitTunings = async (client: KilnClient, tunings: readonly Tuning[], device: string): Promise<readonly Submitted[]> => {
  const submitted: Submitted[] = [];
  for (const tuning of tunings) submitted.push(...(await submitTuning(client, tuning, device)));
  return submitted;
};

interface BadOne {
  readonly name: string;
  readonly expected: Verdict;
  readonly target: DemoTarget;
  readonly device: string;
}

const submitBad = async (client: KilnClient, { name, expected, target, device }: BadOne): Promise<Submitted> => {
  const candidate = { problem: BAD_PROBLEM, device, ...(await fileOf(badPath(name, target))) };
  const answer = await client.submit([candidate]);
  return { id: answer.candidates[0]?.id ?? '', name: `${name}${ENDING[target]}`, expected };
};

const submitTuning = async (client: KilnClient, tuning: Tuning, device: string): Promise<readonly Submitted[]> => {
  const path = seedPath(tuning);
  const candidate = { problem: tuning.problem, device, ...(await fileOf(path)) };
  const ids =
    tuning.space === null
      ? (await client.submit([candidate])).candidates.map(({ id }) => id)
      : await sweepIds(client, (await client.createSweep({ candidate, space: tuning.space })).id);
  return ids.map((id) => ({ id, name: basename(path), expected: 'passed' as const }));
};

export const fileOf = async (path: string) => ({
  source: await readFile(path, 'utf8'),
  language: extname(path) === '.c' ? ('c' as const) : ('cuda' as const),
  submitter: SUBMITTER,
});
