/**
 * A tool: what it takes, the data that it answers with, and the same in words. The words are made of the data alone, so that a client which shows
 * its model only one of the two shows it everything. What answers hold is in no list of tools: models learn it from answers, and the list is read by all.
 */
import type { McpServer } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { lenient } from './lenient-input.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { answer, answered } from './tool-answer.ts';

export interface ToolSpec<Input extends z.ZodObject, Data extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly input: Input;
  readonly data: Data;
  /** Whether it changes nothing. */
  readonly reads: boolean;
  readonly run: (deps: Pick<McpDeps, 'kiln'>, input: z.output<Input>, signal: AbortSignal) => Promise<z.output<Data>>;
  readonly text: (data: z.output<Data>) => string;
}

export interface Tool<Input = unknown> {
  readonly name: string;
  /** What it answers, in words. Rejects as Kiln does. */
  say(deps: Pick<McpDeps, 'kiln'>, input: Input): Promise<string>;
  /** What it says of such data. Throws for data that it never answers with. */
  text(data: unknown): string;
  register(server: McpServer, deps: McpDeps): void;
}

export const tool = <Input extends z.ZodObject, Data extends z.ZodObject>(
  spec: ToolSpec<Input, Data>,
): Tool<z.output<Input>> => ({
  name: spec.name,
  say: async (deps, input) => spec.text(spec.data.parse(await spec.run(deps, input, new AbortController().signal))),
  text: (data) => spec.text(spec.data.parse(data)),
  register: (server, deps) => {
    server.registerTool(
      spec.name,
      {
        description: spec.description,
        inputSchema: lenient<z.ZodObject>(spec.input),
        annotations: spec.reads ? { readOnlyHint: true } : { readOnlyHint: false, destructiveHint: false },
      },
      (input, { mcpReq: { signal } }) =>
        answered(deps, async () => {
          const data = spec.data.parse(await spec.run(deps, spec.input.parse(input), signal));
          return answer(spec.text(data), data);
        }),
    );
  },
});
