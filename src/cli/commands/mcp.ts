import { once } from 'node:events';
import type { Command } from 'commander';
import { KilnError } from '../../domain/errors.ts';
import { contextOf } from '../context.ts';

export const addMcp = (program: Command): void => {
  program
    .command('mcp')
    .description(
      'tools for an MCP client, such as an agent, over standard input and output: an MCP client starts it, as in claude mcp add kiln -- /path/to/kiln mcp; speaks to the daemon',
    )
    .action(async () => {
      const { client } = await contextOf(program);
      const [{ serveStdio, StdioServerTransport }, { createMcpServer }, { plainCalls }] = await Promise.all([
        import('@modelcontextprotocol/server/stdio'),
        import('../../mcp/create-mcp-server.ts'),
        import('../../mcp/lenient-call.ts'),
      ]);
      const transport = new StdioServerTransport(plainCalls(process.stdin), process.stdout);
      const handle = serveStdio(() => createMcpServer({ kiln: client, tellError }), { transport });
      await once(process.stdin, 'end');
      await handle.close();
    });
};

/** What the daemon refused comes with its own words; anything else is a defect, whose message is all there is to go by. */
const tellError = (error: unknown): string => {
  if (error instanceof KilnError)
    return `${error.code}: ${error.message}${error.retryable ? ' (the same call may succeed later)' : ''}`;
  return `unexpected failure: ${error instanceof Error ? error.message : String(error)}`;
};
