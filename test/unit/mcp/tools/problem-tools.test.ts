import { expect, test } from 'vitest';
import type { Language } from '../../../../src/domain/plan/plan.ts';
import { Problem } from '../../../../src/domain/problem.ts';
import { libraryText } from '../../../../src/domain/text/library-text.ts';
import type { McpKiln } from '../../../../src/mcp/mcp-kiln.ts';
import { getProblem } from '../../../../src/mcp/tools/problem-tools.ts';
import { LIBRARY, PROBLEM } from '../../../support/server/fake-problem.ts';

const problem = Problem.parse({ ...PROBLEM, gpu: { reference: 'reference.cu', baseline: 'reference.cu' } });
const files = { 'reference.cu': '', 'reference.c': '', 'baseline.c': '' };

const told = async (language: Language): Promise<string> => {
  const kiln: Partial<McpKiln> = {
    problem: async () => Promise.resolve({ problem, readme: '', files }),
    library: async () => Promise.resolve({ problem: problem.name, program: 'library.py', models: LIBRARY }),
  };
  return getProblem.say({ kiln: kiln as McpKiln }, { problem: problem.name, language, contract: false });
};

test('a problem says what a library takes on each model to who writes for GPUs, and to nobody else', async () => {
  expect(await told('cuda')).toContain(`\n\n${LIBRARY.map(libraryText).join('\n')}`);
  expect(await told('c')).not.toContain('library');
});
