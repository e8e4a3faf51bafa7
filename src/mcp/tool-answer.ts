/** Answers of tools: text for the model, and the same as data. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { McpDeps } from './mcp-kiln.ts';

export const answer = (text: string, data: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text }],
  structuredContent: data,
});

/** Failures are answers too, so that the model reads what to do; the protocol's own errors are for broken calls. */
export const answered = async (
  { tellError }: Pick<McpDeps, 'tellError'>,
  work: () => Promise<CallToolResult>,
): Promise<CallToolResult> => {
  try {
    return await work();
  } catch (error) {
    const message = tellError(error);
    return { ...answer(message, { error: message }), isError: true };
  }
};
