/** The tool that says who has solved a problem, and how well. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { RankingView } from '../domain/api/problems.ts';
import { basisText, rankedScoreText } from '../domain/text/describe.ts';
import { plainLine } from '../platform/printable-text.ts';
import { lenient } from './lenient-input.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { ProblemName } from './problem-tools.ts';
import { answer, answered } from './tool-answer.ts';

const RANKED_MAX = 100;

const RankingAnswer = z.object({
  problem: z.string(),
  models: z.array(
    z.object({
      deviceModel: z.string(),
      device: z.string(),
      note: z.string().nullable(),
      entries: z.array(
        z.object({
          place: z.number(),
          candidateId: z.string(),
          language: z.string(),
          speedup: z.number(),
          ranksAs: z.number(),
          timeNs: z.number(),
          floorShare: z.number().nullable(),
          record: z.boolean(),
          confirmed: z.boolean().describe('judged again in pairs; others were screened once'),
          speedupLow: z.number().describe('95 % interval; entries that cannot be told apart share a place'),
          speedupHigh: z.number(),
          stoppedEarly: z.boolean().describe('its numbers rest on few runs: it could not come near the best'),
          params: z.record(z.string(), z.union([z.string(), z.number()])),
        }),
      ),
    }),
  ),
  failed: z.record(z.string(), z.number()).describe('candidates that did not pass, by verdict'),
});

export const addRankingTool = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'ranking',
    {
      title: 'Ranking',
      description: 'The best candidates of a problem, one list for each device model; models are never compared.',
      inputSchema: lenient(
        z.strictObject({
          problem: ProblemName,
          device: z.string().max(80).optional().describe('only this class ("H100") or model'),
          limit: z.int().min(1).max(RANKED_MAX).default(10).describe('entries of each list'),
        }),
      ),
      outputSchema: RankingAnswer,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ problem, ...query }) =>
      answered(deps, async () => {
        const view = await deps.kiln.ranking(problem, query);
        return answer(rankingText(view), rankingData(view));
      }),
  );
};

const rankingText = ({ problem, models, failed }: RankingView): string => {
  const lists = models.flatMap(({ deviceModel, note, entries }) => [
    `${problem} on ${plainLine(deviceModel)}${note === null ? '' : ` (${plainLine(note)})`}:`,
    ...entries.map(
      ({ place, candidateId, language, score, record }) =>
        `${place}. ${candidateId} ${language} ${rankedScoreText(score)}  ${basisText(score)}${record ? '  record' : ''}`,
    ),
  ]);
  const not = Object.entries(failed).map(([verdict, count]) => `${count} ${verdict}`);
  return [
    ...lists,
    lists.length === 0 ? 'Nothing has passed yet.' : '',
    not.length === 0 ? '' : `Did not pass: ${not.join(', ')}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
};

const rankingData = ({ problem, models, failed }: RankingView): z.infer<typeof RankingAnswer> => ({
  problem,
  failed,
  models: models.map(({ deviceModel, device, note, entries }) => ({
    deviceModel,
    device,
    note,
    entries: entries.map(({ place, candidateId, language, params, score, record }) => ({
      place,
      candidateId,
      language,
      params,
      record,
      confirmed: score.confirmed,
      speedup: score.speedup,
      speedupLow: score.speedupLow,
      speedupHigh: score.speedupHigh,
      ranksAs: score.rankKey,
      timeNs: score.timeNs,
      floorShare: score.floorShare,
      stoppedEarly: score.stopped !== undefined,
    })),
  })),
});
