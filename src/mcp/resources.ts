/** Resources, for clients that offer them to people: what an agent reads before it writes. */
import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { KilnError } from '../domain/errors.ts';
import { Language } from '../domain/plan/plan.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { getProblem, getSeed } from './tools/problem-tools.ts';
import { decoded } from '../platform/decoded.ts';

const MARKDOWN = 'text/markdown';

export const addResources = (server: McpServer, { kiln, tellError }: McpDeps): void => {
  /** `read`: with the template's variables, as text. Failures are told as those of tools are. */
  const add = (
    name: string,
    { template, title }: Named,
    read: (given: (variable: string) => string) => Promise<string>,
  ): void => {
    server.registerResource(
      name,
      new ResourceTemplate(template, { list: undefined }),
      { title, mimeType: MARKDOWN },
      async (uri, variables) => {
        try {
          const text = await read((variable) => decoded(String(variables[variable])));
          return { contents: [{ uri: uri.href, mimeType: MARKDOWN, text }] };
        } catch (error) {
          throw new Error(tellError(error), { cause: error });
        }
      },
    );
  };
  add('contract', { template: 'kiln://contract/{language}', title: 'The contract for candidates' }, async (given) =>
    kiln.contract(languageOf(given('language'))),
  );
  add(
    'problem',
    { template: 'kiln://problems/{problem}/{language}', title: 'A problem, for one of its languages' },
    async (given) =>
      getProblem.say({ kiln }, { problem: given('problem'), language: languageOf(given('language')), contract: false }),
  );
  add('seed', { template: 'kiln://problems/{problem}/seeds/{seed}', title: "A problem's seed" }, async (given) =>
    getSeed.say({ kiln }, { problem: given('problem'), seed: given('seed') }),
  );
};

interface Named {
  readonly template: string;
  readonly title: string;
}

const languageOf = (language: string): Language => {
  const known = Language.safeParse(language);
  if (known.success) return known.data;
  throw new KilnError('INVALID_REQUEST', `language: "${language}" is none of ${Language.options.join(', ')}`);
};
