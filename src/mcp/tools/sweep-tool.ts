/** The tool that tries many params of one source. */
import { z } from 'zod';
import { MCP_SUBMITTER } from '../../domain/api/candidates.ts';
import { type CreateSweep, CreateSweep as SweepBody, type SweepView } from '../../domain/api/sweeps.ts';
import { KilnError } from '../../domain/errors.ts';
import { interval, nanoseconds, seconds, times } from '../../domain/text/units.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { rounded } from '../answers/case-data.ts';
import { PLANNED } from '../answers/problem-data.ts';
import { lines, paramsText } from '../answers/words.ts';
import type { McpKiln } from '../mcp-kiln.ts';
import { tool } from '../tool.ts';
import { WaitSeconds } from '../wait-seconds.ts';
import { Id, ParamsInput, sameAgain, type Waiting } from './candidate-tools.ts';
import { ProblemName } from './problem-tools.ts';

const CANDIDATES_DEFAULT = 64;
const { strategy } = SweepBody.shape;

const Input = z.strictObject({
  id: Id.optional().describe('c-…: sweep this candidate; s-…: go on with this sweep'),
  problem: ProblemName.optional(),
  source: z.string().min(1).optional(),
  language: PLANNED.optional(),
  device: z.string().max(40).optional(),
  params: ParamsInput.default({}).describe('fixed'),
  space: z
    .record(z.string(), z.union([z.array(z.union([z.number(), z.string()])), z.string()]))
    .default({})
    .describe('param -> values, or a range such as "16..256 powers"; default: the space of the plan'),
  strategy: strategy.unwrap().default('evolve'),
  candidates: z.int().min(1).max(100_000).default(CANDIDATES_DEFAULT).describe('at most so many'),
  waitSeconds: WaitSeconds,
});
type Input = z.output<typeof Input>;

const SweepData = z.strictObject({
  id: z.string(),
  problem: z.string(),
  device: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  size: z.int(),
  asked: z.int(),
  byVerdict: z.record(z.string(), z.int()),
  deviceSeconds: z.number(),
  best: z.array(
    z.strictObject({
      id: z.string(),
      params: z.record(z.string(), z.union([z.string(), z.number()])),
      speedup: z.number(),
      speedupLow: z.number(),
      speedupHigh: z.number(),
      timeNs: z.number(),
      confirmed: z.boolean(),
    }),
  ),
  next: z.string(),
});
type SweepData = z.infer<typeof SweepData>;

export const sweep = tool({
  name: 'sweep',
  description: 'Tries params of one source (a known candidate by id, or a new source) and returns the best so far.',
  input: Input,
  data: SweepData,
  reads: false,
  run: async ({ kiln }, { waitSeconds, ...input }, signal) => {
    const started = input.id?.startsWith('s-')
      ? await kiln.sweep(input.id)
      : await kiln.createSweep(await requestOf(kiln, input));
    return sweepData(await whenOver(kiln, started, { waitSeconds, signal }));
  },
  text: (data) => sweepText(data),
});

const requestOf = async (kiln: McpKiln, input: Omit<Input, 'waitSeconds'>): Promise<CreateSweep> => {
  const { space, strategy: how, candidates } = input;
  const { params: base, ...candidate } = await candidateOf(kiln, input);
  return {
    candidate: { ...candidate, params: input.params },
    ...(base === undefined ? {} : { base }),
    space,
    strategy: how,
    budget: { candidates },
  };
};

const candidateOf = async (kiln: McpKiln, input: Omit<Input, 'waitSeconds'>): Promise<CreateSweep['candidate']> => {
  if (input.id !== undefined) return sameAgain(kiln, input.id);
  const { problem, source, language } = input;
  if (problem === undefined || source === undefined || language === undefined)
    throw new KilnError('INVALID_REQUEST', 'give the id of a candidate or of a sweep, or problem, source and language');
  return { problem, source, language, device: input.device ?? (language === 'c' ? 'cpu' : 'H100'), submitter: MCP_SUBMITTER };
};

/** As it is when it is over, or when the wait is. */
const whenOver = async (kiln: McpKiln, started: SweepView, { waitSeconds, signal }: Waiting): Promise<SweepView> => {
  if (started.status !== 'running') return started;
  const endMs = performance.now() + waitSeconds * 1000;
  for (let after = 0; !signal.aborted; ) {
    const wait = Math.floor((endMs - performance.now()) / 1000);
    if (wait <= 0) break;
    const { results, more } = await kiln.sweepResults(started.id, { after, wait }, signal);
    after = results.at(-1)?.reported ?? after;
    if (!more) break;
  }
  return kiln.sweep(started.id);
};

const sweepData = ({ id, problem, device, status, reason, size, asked, byVerdict, spent, best }: SweepView): SweepData => ({
  id,
  problem,
  device,
  status,
  ...(reason === null ? {} : { reason: plainLine(reason, 400) }),
  size,
  asked,
  byVerdict,
  deviceSeconds: rounded(spent.gpuSeconds),
  best: best.flatMap(({ id: candidate, submission, score }) =>
    score === null
      ? []
      : [
          {
            id: candidate,
            params: submission.params,
            speedup: rounded(score.speedup),
            speedupLow: rounded(score.speedupLow),
            speedupHigh: rounded(score.speedupHigh),
            timeNs: rounded(score.timeNs),
            confirmed: score.confirmed,
          },
        ],
  ),
  next:
    status === 'running'
      ? 'It goes on: call sweep with this id for more, or cancel to end it.'
      : 'explain_candidate tells where its best stands.',
});

const sweepText = ({
  id,
  problem,
  device,
  status,
  reason,
  size,
  asked,
  byVerdict,
  deviceSeconds,
  best,
  next,
}: SweepData): string =>
  lines(
    `${id} (${problem} on ${device}): ${status}${reason === undefined ? '' : ` (${reason})`}, ${asked} of ${size} points, ${seconds(deviceSeconds)} of device time`,
    Object.entries(byVerdict)
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(', '),
    ...best.map(
      (entry) =>
        `- ${entry.id}${paramsText(entry.params)}: ${times(entry.speedup)} ${interval(entry.speedupLow, entry.speedupHigh)}, ${nanoseconds(entry.timeNs)}, ${entry.confirmed ? 'confirmed' : 'screened'}`,
    ),
    next,
  );
