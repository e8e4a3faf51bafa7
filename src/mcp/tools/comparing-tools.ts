/** Tools that set two candidates side by side: their times, and their sources. */
import { z } from 'zod';
import type { Candidate } from '../../domain/candidate.ts';
import { KilnError } from '../../domain/errors.ts';
import { lineDiff } from '../../domain/text/line-diff.ts';
import { changedParams } from '../../domain/text/params-text.ts';
import { interval, times } from '../../domain/text/units.ts';
import { untrusted } from '../../domain/text/untrusted.ts';
import { candidateAnswer } from '../answers/candidate-answer.ts';
import { CandidateData } from '../answers/candidate-data.ts';
import { rounded } from '../answers/case-data.ts';
import { pairLine } from '../answers/standing.ts';
import { lines } from '../answers/words.ts';
import type { McpKiln } from '../mcp-kiln.ts';
import { tool } from '../tool.ts';
import { WaitSeconds } from '../wait-seconds.ts';
import { Id, sameAgain } from './candidate-tools.ts';
import { ProblemName, seedNamed } from './problem-tools.ts';

/** Comparisons of one pair that are looked through for the next. */
const COMPARED_MAX = 64;

const RatioData = z.strictObject({ case: z.string(), ratio: z.number(), ratioLow: z.number(), ratioHigh: z.number() });
const ComparedData = z.strictObject({
  a: z.string(),
  b: z.string(),
  /** The trial of `a` that is judged in pairs with `b`. */
  trial: z.string(),
  /** "paired with c-…: 1.00x [0.98, 1.02], a tie"; above 1: `a` is faster. */
  paired: z.string().optional(),
  /** Why there is no such number. */
  unpaired: z.string().optional(),
  cases: z.array(RatioData),
  waiting: CandidateData.shape.waiting,
  next: z.string(),
});
type ComparedData = z.infer<typeof ComparedData>;

export const compare = tool({
  name: 'compare',
  description:
    'Times candidate a in pairs with candidate b, now, in alternating runs of one process: ratio b/a with its interval, per case too.',
  input: z.strictObject({
    a: Id,
    b: Id,
    again: z.boolean().default(false).describe('measure anew what was compared before'),
    waitSeconds: WaitSeconds,
  }),
  data: ComparedData,
  reads: false,
  run: async ({ kiln }, { a, b, again, ...waiting }, signal) => {
    const trial = await pairOf(kiln, { a, b, again });
    return comparedData(kiln, { a, b }, await kiln.candidate(trial, { ...waiting, signal }));
  },
  text: (data) => comparedText(data),
});

interface Pair {
  readonly a: string;
  readonly b: string;
}

/** The trial of `a` that is compared with `b`: one that is known, unless it is to be measured again. */
const pairOf = async (kiln: McpKiln, { a, b, again }: Pair & { readonly again: boolean }): Promise<string> => {
  const content = await sameAgain(kiln, a);
  for (let number = 1; number <= COMPARED_MAX; number += 1) {
    const { candidates } = await kiln.submit([{ ...content, trial: number, against: b, priority: 1 }]);
    const [taken] = candidates;
    if (taken !== undefined && (!again || !taken.known || taken.status !== 'done')) return taken.id;
  }
  throw new KilnError(
    'INVALID_REQUEST',
    `${a} and ${b} were compared ${COMPARED_MAX} times: leave again out for what they came to`,
  );
};

const comparedData = async (kiln: McpKiln, { a, b }: Pair, trial: Candidate): Promise<ComparedData> => {
  const { waiting, verdict, next } = await candidateAnswer(kiln, trial);
  const known = { a, b, trial: trial.id, cases: ratiosOf(trial) };
  if (waiting !== undefined) return { ...known, waiting, next: `${next} Or call compare again.` };
  const pair = trial.score?.pair ?? null;
  return {
    ...known,
    ...(pair === null ? { unpaired: unpairedText(verdict, trial.id) } : { paired: pairLine(pair) }),
    next: 'diff shows what differs between their sources.',
  };
};

const unpairedText = (verdict: CandidateData['verdict'], id: string): string =>
  verdict === 'passed'
    ? 'the host could not run the other one beside it: call compare with again'
    : `this time the verdict is ${verdict}: explain_candidate ${id} says why`;

const ratiosOf = ({ state }: Candidate): ComparedData['cases'] => {
  if (state.status !== 'done' || state.outcome.verdict !== 'passed') return [];
  return state.outcome.timings.flatMap(({ case: name, record }) =>
    record === undefined
      ? []
      : [
          {
            case: name,
            ratio: rounded(record.ratio),
            ratioLow: rounded(record.ratioLow),
            ratioHigh: rounded(record.ratioHigh),
          },
        ],
  );
};

const comparedText = ({ a, b, trial, paired, unpaired, cases, waiting, next }: ComparedData): string =>
  lines(
    `${a} beside ${b} (trial ${trial}):`,
    paired,
    unpaired,
    ...cases.map(({ case: name, ratio, ratioLow, ratioHigh }) => `- ${name}: ${times(ratio)} ${interval(ratioLow, ratioHigh)}`),
    waiting?.reason,
    waiting?.todo,
    next,
  );

export const diff = tool({
  name: 'diff',
  description: 'What changed from source a to source b: each a candidate, or a seed of the problem.',
  input: z.strictObject({
    a: z.string().max(200),
    b: z.string().max(200),
    problem: ProblemName.optional().describe('for seeds'),
  }),
  data: z.strictObject({ a: z.string(), b: z.string(), diff: z.string(), params: z.array(z.string()) }),
  reads: true,
  run: async ({ kiln }, { a, b, problem }) => {
    const [from, to] = await Promise.all([codeOf(kiln, a, problem), codeOf(kiln, b, problem)]);
    const changed = lineDiff(from.source, to.source);
    return {
      a,
      b,
      diff: changed === '' ? 'their sources are the same' : untrusted('Changes', changed),
      params: [...changedParams(from.params, to.params)],
    };
  },
  text: ({ a, b, diff: changed, params }) =>
    lines(`From ${a} to ${b}:`, params.length === 0 ? undefined : `params: ${params.join(', ')}`, changed),
});

const codeOf = async (kiln: McpKiln, of: string, problem: string | undefined) => {
  if (/^c-[0-9a-f]+$/.test(of)) {
    const [{ submission }, { source }] = await Promise.all([kiln.candidate(of), kiln.source(of)]);
    return { source, params: submission.params };
  }
  if (problem === undefined)
    throw new KilnError('INVALID_REQUEST', `"${of}" is no candidate: give an id such as c-…, or the problem whose seed it is`);
  return { source: (await seedNamed(kiln, problem, of)).source, params: {} };
};
