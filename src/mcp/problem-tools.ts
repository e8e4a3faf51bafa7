/** Tools that say what is to be solved, and who has solved it how well. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ProblemList, type ProblemView, type RankingView } from '../domain/api/inspection.ts';
import { scoreText } from '../domain/text/describe.ts';
import { plainLine } from '../domain/text/plain-text.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { answer, answered } from './tool-answer.ts';

const RANKED_MAX = 100;
const READS = { readOnlyHint: true, openWorldHint: false } as const;
const ProblemName = z.string().min(1).max(64).describe('as list_problems tells it');

export const addProblemTools = (server: McpServer, deps: McpDeps): void => {
  addList(server, deps);
  addGet(server, deps);
  addRanking(server, deps);
};

const addList = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'list_problems',
    {
      title: 'List problems',
      description: 'Every problem with its title and whether it can be judged on GPUs, on the development device "cpu", or both.',
      inputSchema: z.strictObject({}),
      outputSchema: ProblemList,
      annotations: READS,
    },
    () =>
      answered(deps, async () => {
        const list = await deps.kiln.problems();
        const lines = list.problems.map(({ name, title, targets }) => `- ${name}: ${title} (${targets.join(', ')})`);
        return answer(lines.join('\n') || 'There are no problems.', list);
      }),
  );
};

const addGet = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'get_problem',
    {
      title: 'Read a problem',
      description:
        'A problem: what to compute, tensors, shapes, tolerance, cases, its reference and baseline; and the contract for candidates, with the launch plan that each must begin with.',
      inputSchema: z.strictObject({
        problem: ProblemName,
        contract: z.boolean().default(true).describe('false: leave the contract out, because you have read it'),
      }),
      annotations: READS,
    },
    ({ problem, contract }) =>
      answered(deps, async () => {
        const view = await deps.kiln.problem(problem);
        return answer(contract ? `${problemText(view)}\n\n${await deps.kiln.contract()}` : problemText(view));
      }),
  );
};

const problemText = ({ problem, readme, files }: ProblemView): string => {
  const own = Object.entries(files).filter(([name]) => !name.includes('/') && /^(reference|baseline)\./.test(name));
  return [
    `# Problem ${problem.name}: ${problem.title}`,
    readme.trim(),
    `Its definition:\n\`\`\`json\n${JSON.stringify(problem, null, 1)}\n\`\`\``,
    ...own.map(([name, text]) => `${name}:\n\`\`\`\`\n${text.trimEnd()}\n\`\`\`\``),
  ].join('\n\n');
};

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
          params: z.record(z.string(), z.union([z.string(), z.number()])),
        }),
      ),
    }),
  ),
  failed: z.record(z.string(), z.number()).describe('candidates that did not pass, by verdict'),
});

const addRanking = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'ranking',
    {
      title: 'Ranking',
      description: 'The best candidates of a problem, one list for each device model; models are never compared.',
      inputSchema: z.strictObject({
        problem: ProblemName,
        device: z.string().max(80).optional().describe('only this class ("H100") or model'),
        limit: z.int().min(1).max(RANKED_MAX).default(10).describe('entries of each list'),
      }),
      outputSchema: RankingAnswer,
      annotations: READS,
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
        `${place}. ${candidateId} ${language} ${scoreText(score)}${record ? '  record' : ''}`,
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
      speedup: score.speedup,
      ranksAs: score.rankKey,
      timeNs: score.timeNs,
      floorShare: score.floorShare,
    })),
  })),
});
