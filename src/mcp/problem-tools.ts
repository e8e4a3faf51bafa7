/** Tools that say what is to be solved. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ProblemList, type ProblemView } from '../domain/api/problems.ts';
import { lenient } from './lenient-input.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { answer, answered } from './tool-answer.ts';

const READS = { readOnlyHint: true, openWorldHint: false } as const;
export const ProblemName = z.string().min(1).max(64).describe('as list_problems tells it');

export const addProblemTools = (server: McpServer, deps: McpDeps): void => {
  addList(server, deps);
  addGet(server, deps);
};

const addList = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'list_problems',
    {
      title: 'List problems',
      description: 'Every problem with its title and whether it can be judged on GPUs, on the development device "cpu", or both.',
      inputSchema: lenient(z.strictObject({})),
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
      inputSchema: lenient(
        z.strictObject({
          problem: ProblemName,
          contract: z.boolean().default(true).describe('false: leave the contract out, because you have read it'),
        }),
      ),
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
