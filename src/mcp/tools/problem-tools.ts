/** Tools that say what is to be solved, and with what one can begin. */
import { z } from 'zod';
import { ProblemList } from '../../domain/api/problems.ts';
import { KilnError } from '../../domain/errors.ts';
import { Language } from '../../domain/plan/plan.ts';
import { libraryText } from '../../domain/text/library-text.ts';
import { fenceLanguage } from '../../domain/text/side-text.ts';
import {
  FileData,
  languagesOf,
  ProblemData,
  problemDataOf,
  type Seed,
  seedsOf,
  targetOfLanguage,
} from '../answers/problem-data.ts';
import { lines } from '../answers/words.ts';
import type { McpKiln } from '../mcp-kiln.ts';
import { tool } from '../tool.ts';

export const ProblemName = z.string().min(1).max(64);

export const listProblems = tool({
  name: 'list_problems',
  description: 'The problems.',
  input: z.strictObject({}),
  data: ProblemList,
  reads: true,
  run: async ({ kiln }) => kiln.problems(),
  text: ({ problems, refused }) =>
    lines(
      ...problems.map(({ name, title, targets }) => `- ${name}: ${title} (${targets.join(', ')})`),
      problems.length === 0 ? 'There are no problems.' : undefined,
      ...refused.map(({ name, folder, reason }) => `- ${name} (${folder}) does not load: ${reason}`),
    ),
});

export const getProblem = tool({
  name: 'get_problem',
  description: 'A problem: definition, cases, tolerance, reference, names of seeds, and the contract that candidates follow.',
  input: z.strictObject({
    problem: ProblemName,
    language: Language.optional().describe('what you write in; c is for device cpu'),
    contract: z.boolean().default(true).describe('false: you have read it'),
  }),
  data: ProblemData,
  reads: true,
  run: async ({ kiln }, { problem, language: asked, contract }) => {
    const view = await kiln.problem(problem);
    const language = asked ?? (await languageHere(kiln, languagesOf(view)));
    const library = targetOfLanguage(language) === 'gpu' ? (await kiln.library(problem)).models.map(libraryText) : [];
    return {
      ...problemDataOf(view, [language]),
      ...(library.length === 0 ? {} : { library }),
      ...(contract ? { contract: await kiln.contract(language) } : {}),
    };
  },
  text: ({ name, title, languages, statement, definition, reference, seeds, library, contract }) =>
    lines(
      `# Problem ${name}: ${title} (in ${languages.join(', ')})`,
      statement,
      `\nDefinition:\n${definition}`,
      `\nReference, ${reference.name}${reference.about === '' ? '' : `, ${reference.about}`}:\n\`\`\`\`${fenceLanguage(reference.name)}\n${reference.source}\n\`\`\`\``,
      `\nSeeds, for get_seed:\n${seeds.map((seed) => `- ${seed}`).join('\n')}`,
      library && `\n${library.join('\n')}`,
      contract && `\n${contract}`,
    ),
});

/** The first that a device of the fleet takes; without any, the problem's first. */
const languageHere = async (kiln: McpKiln, languages: readonly Language[]): Promise<Language> => {
  const { hosts } = await kiln.fleet();
  const hasGpu = hosts.some(({ devices }) => devices.some(({ kind }) => kind === 'gpu'));
  const first = languages.find((language) => (language === 'c') !== hasGpu) ?? languages[0];
  if (first === undefined) throw new KilnError('NOT_FOUND', 'this problem can be written in no language');
  return first;
};

export const getSeed = tool({
  name: 'get_seed',
  description: "The source of a problem's seed or baseline, as get_problem names it.",
  input: z.strictObject({ problem: ProblemName, seed: z.string().max(200) }),
  data: FileData.extend({ language: z.string(), about: z.string() }),
  reads: true,
  run: async ({ kiln }, { problem, seed }) => {
    const { name, language, about, source } = await seedNamed(kiln, problem, seed);
    return { name, language, about, source: source.trimEnd() };
  },
  text: ({ name, language, about, source }) =>
    lines(`${name}, ${language}${about === '' ? '' : `: ${about}`}`, `\`\`\`\`\n${source}\n\`\`\`\``),
});

export const seedNamed = async (kiln: McpKiln, problem: string, name: string): Promise<Seed> => {
  const seeds = seedsOf(await kiln.problem(problem), Language.options);
  const found = seeds.find((seed) => seed.name === name || `seeds/${seed.name}` === name);
  if (found !== undefined) return found;
  throw new KilnError(
    'NOT_FOUND',
    `problem "${problem}" has no seed "${name}"; it has ${seeds.map((seed) => seed.name).join(', ') || 'none'}`,
  );
};
