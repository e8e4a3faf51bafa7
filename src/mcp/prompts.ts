/** Prompts, for clients that offer them to people: the task of an agent. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

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
