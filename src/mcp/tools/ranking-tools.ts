/** Tools that say who has solved a problem, how well, and how that came about. */
import { z } from 'zod';
import type { RankingView } from '../../domain/api/problems.ts';
import { KilnError } from '../../domain/errors.ts';
import { interval, percent, seconds, times } from '../../domain/text/units.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { rounded } from '../answers/case-data.ts';
import { timeDataOf, timeText } from '../answers/time-data.ts';
import { lines, paramsText } from '../answers/words.ts';
import type { McpKiln } from '../mcp-kiln.ts';
import { tool } from '../tool.ts';
import { Id } from './candidate-tools.ts';
import { ProblemName } from './problem-tools.ts';

const RANKED_MAX = 100;

const EntryData = z.strictObject({
  place: z.int(),
  id: z.string(),
  language: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  submitter: z.string(),
  record: z.boolean(),
  confirmed: z.boolean(),
  speedup: z.number(),
  speedupLow: z.number(),
  speedupHigh: z.number(),
  ranksAs: z.number(),
  timeNs: z.number(),
  uncertaintyNs: z.number().optional(),
  semantics: z.enum(['released', 'call']).optional(),
  floorShare: z.number().optional(),
  stoppedEarly: z.boolean(),
});
const RankingData = z.strictObject({
  problem: z.string(),
  /** Left out: of device code. */
  class: z.literal('program').optional(),
  models: z.array(
    z.strictObject({ model: z.string(), device: z.string(), note: z.string().optional(), entries: z.array(EntryData) }),
  ),
  /** Candidates that did not pass, by verdict. */
  failed: z.record(z.string(), z.number()),
});
type RankingData = z.infer<typeof RankingData>;

export const ranking = tool({
  name: 'ranking',
  description: 'The best candidates of a problem, a list for each device model. Equal places cannot be told apart.',
  input: z.strictObject({
    problem: ProblemName,
    device: z.string().max(80).optional().describe('class or model'),
    class: z.literal('program').optional().describe('by answers'),
    limit: z.int().min(1).max(RANKED_MAX).default(10),
  }),
  data: RankingData,
  reads: true,
  run: async ({ kiln }, { problem, ...query }) => rankingData(await kiln.ranking(problem, query)),
  text: (data) => rankingText(data),
});

const rankingData = ({ problem, class: ofClass, models, failed }: RankingView): RankingData => ({
  problem,
  ...(ofClass === 'program' && { class: ofClass }),
  failed,
  models: models.map(({ deviceModel, device, note, entries }) => ({
    model: plainLine(deviceModel),
    device,
    ...(note === null ? {} : { note: plainLine(note) }),
    entries: entries.map(({ place, candidateId, language, params, submitter, score, record }) => ({
      place,
      id: candidateId,
      language,
      params,
      submitter,
      record,
      confirmed: score.confirmed,
      speedup: rounded(score.speedup),
      speedupLow: rounded(score.speedupLow),
      speedupHigh: rounded(score.speedupHigh),
      ranksAs: rounded(score.rankKey),
      ...timeDataOf(score),
      ...(score.floorShare === null ? {} : { floorShare: rounded(score.floorShare) }),
      stoppedEarly: score.stopped !== undefined,
    })),
  })),
});

const rankingText = ({ problem, class: ofClass, models, failed }: RankingData): string =>
  lines(
    ofClass && `Of class ${ofClass}: programs by the time to their answers, compared with no others.`,
    ...models.flatMap(({ model, device, note, entries }) => [
      `${problem} on ${model} (${device}${note === undefined ? '' : `; ${note}`}):`,
      ...entries.map(entryText),
    ]),
    models.length === 0 ? 'Nothing has passed yet.' : undefined,
    Object.keys(failed).length === 0
      ? undefined
      : `Did not pass: ${Object.entries(failed)
          .map(([verdict, count]) => `${count} ${verdict}`)
          .join(', ')}`,
  );

const entryText = (entry: z.infer<typeof EntryData>): string =>
  [
    `${entry.place}. ${entry.id} ${entry.language}${paramsText(entry.params)}`,
    `${times(entry.speedup)} ${interval(entry.speedupLow, entry.speedupHigh)}, ranks as ${times(entry.ranksAs)}, ${timeText(entry)}`,
    ...(entry.floorShare === undefined ? [] : [`${percent(entry.floorShare)} of the floor`]),
    `by ${entry.submitter}`,
    entry.stoppedEarly ? 'stopped early' : entry.confirmed ? 'confirmed' : 'screened once',
    ...(entry.record ? ['record'] : []),
  ].join(', ');

const LINEAGE_MAX = 32;
const StepData = z.strictObject({
  id: z.string(),
  submitter: z.string(),
  language: z.string(),
  speedup: z.number(),
  judged: z.int(),
  deviceSeconds: z.number(),
  at: z.string(),
});
const AncestorData = z.strictObject({ id: z.string(), move: z.string(), idea: z.string(), by: z.string() });

export const history = tool({
  name: 'history',
  description:
    "How a problem's best came about, record by record; with id, where a candidate comes from. diff shows what changed between two.",
  input: z.strictObject({ problem: ProblemName.optional(), id: Id.optional() }),
  data: z.strictObject({
    models: z.array(z.strictObject({ model: z.string(), judged: z.int(), steps: z.array(StepData) })),
    /** From the candidate back, by first parents, where campaigns wrote them. Ideas are data of candidates. */
    lineage: z.array(AncestorData),
  }),
  reads: true,
  run: async ({ kiln }, { problem, id }) => {
    if (problem === undefined && id === undefined)
      throw new KilnError('INVALID_REQUEST', 'give a problem, the id of a candidate, or both');
    return {
      models: problem === undefined ? [] : await stepsOf(kiln, problem),
      lineage: id === undefined ? [] : await lineageOf(kiln, id),
    };
  },
  text: ({ models, lineage }) =>
    lines(
      ...models.flatMap(({ model, judged, steps }) => [
        `${model}, ${judged} judged:`,
        ...steps.map(
          (step) =>
            `- ${step.at}: ${step.id} ${step.language} by ${step.submitter}, ${times(step.speedup)}, after ${step.judged} candidates and ${seconds(step.deviceSeconds)} of device time`,
        ),
      ]),
      ...lineage.map(
        ({ id, move, idea, by }, index) =>
          `${index === 0 ? '' : 'from '}${id}: ${move} by ${by}${idea === '' ? '' : ` (its writer says: ${idea})`}`,
      ),
      models.length + lineage.length === 0 ? 'Nothing has passed yet.' : undefined,
    ),
});

const stepsOf = async (kiln: McpKiln, problem: string) =>
  (await kiln.progress(problem)).models.map(({ deviceModel, judged, steps }) => ({
    model: plainLine(deviceModel),
    judged,
    steps: steps.map((step) => ({
      id: step.candidateId,
      submitter: step.submitter,
      language: step.language,
      speedup: rounded(step.speedup),
      judged: step.judged,
      deviceSeconds: rounded(step.gpuSeconds),
      at: step.at,
    })),
  }));

const lineageOf = async (kiln: McpKiln, id: string): Promise<z.infer<typeof AncestorData>[]> => {
  const found: z.infer<typeof AncestorData>[] = [];
  for (let at: string | undefined = id; at !== undefined && found.length < LINEAGE_MAX; ) {
    const { submission } = await kiln.candidate(at);
    const { generation } = await kiln.origin(at);
    found.push({
      id: at,
      move: generation?.move ?? 'submitted',
      idea: plainLine(generation?.idea ?? ''),
      by: generation?.generator ?? submission.submitter,
    });
    const parent: string | undefined = generation?.parents[0];
    at = found.some((ancestor) => ancestor.id === parent) ? undefined : parent;
  }
  return found;
};
