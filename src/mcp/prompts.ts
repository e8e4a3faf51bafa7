/** Prompts and resources, for clients that offer them to people: the task of an agent, and what it reads. */
import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { WRITTEN } from './answers/problem-data.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { getProblem, getSeed } from './tools/problem-tools.ts';

export const addPrompts = (server: McpServer): void => {
  server.registerPrompt(
    'beat_the_record',
    {
      title: 'Beat the record of a problem',
      description: 'Write candidates for a problem until one holds the record.',
      argsSchema: z.object({ problem: z.string(), device: z.string() }),
    },
    ({ problem, device }) => ({ messages: [{ role: 'user', content: { type: 'text', text: taskText(problem, device) } }] }),
  );
};

const taskText = (problem: string, device: string): string =>
  [
    `Write the fastest correct candidate for Kiln's problem "${problem}" on ${device}, and take the record.`,
    '1. get_problem, list_devices and get_seed say what is to be computed, on what, and what there is to begin with; ranking shows the record.',
    '2. Before you write, say what limits the best one now: bytes moved or operations, against the rates of the device.',
    '3. submit_candidate, and read shares of the floor per case. Repair what fails by its place and values.',
    '4. Put numbers that could be tuned into the params and the space of the plan, and let sweep try them.',
    '5. compare two that look alike: they are timed in pairs. Stop when the record is yours, or when every case is near its floor.',
  ].join('\n');

const MARKDOWN = 'text/markdown';

export const addResources = (server: McpServer, { kiln }: McpDeps): void => {
  server.registerResource(
    'contract',
    new ResourceTemplate('kiln://contract/{language}', { list: undefined }),
    { title: 'The contract for candidates', mimeType: MARKDOWN },
    async (uri, { language }) => textOf(uri, await kiln.contract(WRITTEN.parse(language))),
  );
  server.registerResource(
    'problem',
    new ResourceTemplate('kiln://problems/{problem}/{language}', { list: undefined }),
    { title: 'A problem, for one of its languages', mimeType: MARKDOWN },
    async (uri, { problem, language }) => {
      const input = { problem: String(problem), language: WRITTEN.parse(language), contract: false };
      return textOf(uri, await getProblem.say({ kiln }, input));
    },
  );
  server.registerResource(
    'seed',
    new ResourceTemplate('kiln://problems/{problem}/seeds/{seed}', { list: undefined }),
    { title: "A problem's seed", mimeType: MARKDOWN },
    async (uri, { problem, seed }) => textOf(uri, await getSeed.say({ kiln }, { problem: String(problem), seed: String(seed) })),
  );
};

const textOf = (uri: URL, text: string) => ({ contents: [{ uri: uri.href, mimeType: MARKDOWN, text }] });
