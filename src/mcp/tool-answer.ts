/** Answers of tools: text for the model and, where the tool declares it, the same as data. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { McpDeps } from './mcp-kiln.ts';

const TEXT_CHARS_MAX = 100_000;

export const answer = (text: string, data?: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text: shortened(text) }],
  ...(data === undefined ? {} : { structuredContent: data }),
});

/** Failures are answers too, so that the model reads what to do; the protocol's own errors are for broken calls. */
export const answered = async ({ tellError }: Pick<McpDeps, 'tellError'>, work: () => Promise<CallToolResult>) => {
  try {
    return await work();
  } catch (error) {
    return { content: [{ type: 'text' as const, text: tellError(error) }], isError: true };
  }
};

const shortened = (text: string): string =>
  text.length <= TEXT_CHARS_MAX
    ? text
    : `${text.slice(0, TEXT_CHARS_MAX)}\n(${text.length - TEXT_CHARS_MAX} characters left out)`;
