/**
 * What an MCP client reads before it writes its first candidate: bytes of the list of tools, and of get_problem for each problem and language.
 *
 *     node bench/agents/mcp-bytes.ts
 */
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { readFileSync } from 'node:fs';
import { contractFor } from '../../src/domain/text/contract-for.ts';
import type { McpKiln } from '../../src/mcp/mcp-kiln.ts';
import { createMcpServer } from '../../src/mcp/create-mcp-server.ts';
import { languagesOf } from '../../src/mcp/answers/problem-data.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';

const CONTRACT = readFileSync('src/agents/context/contract.md', 'utf8');

const problems = loadProblems('kernels');
const views = [...problems.values()].map(({ problem, readme, files }) => ({ problem, readme, files: { ...files } }));
const absent = (): never => {
  throw new Error('not asked for here');
};
const kiln: McpKiln = {
  submit: absent,
  candidate: absent,
  cancel: absent,
  why: absent,
  plan: absent,
  origin: absent,
  profile: absent,
  askProfile: absent,
  source: absent,
  queue: absent,
  fleet: absent,
  problems: absent,
  ranking: absent,
  progress: absent,
  createSweep: absent,
  sweep: absent,
  sweepResults: absent,
  cancelSweep: absent,
  problem: async (name) => views.find(({ problem }) => problem.name === name) ?? absent(),
  library: async (problem) => ({ problem, program: null, models: [] }),
  contract: async (language) => contractFor(CONTRACT, [language]),
};

const [ours, theirs] = InMemoryTransport.createLinkedPair();
await createMcpServer({ kiln, tellError: String }).connect(theirs);
const client = new Client({ name: 'mcp-bytes', version: '1' });
await client.connect(ours);

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
const tools = await client.listTools();
console.log(`tools/list: ${bytesOf(tools)} bytes, ${tools.tools.length} tools`);
for (const view of views) {
  for (const language of languagesOf(view)) {
    const { content, structuredContent } = await client.callTool({
      name: 'get_problem',
      arguments: { problem: view.problem.name, language },
    });
    const [text] = content;
    const said = text?.type === 'text' ? Buffer.byteLength(text.text) : 0;
    console.log(`get_problem ${view.problem.name} ${language}: ${said} bytes of text, ${bytesOf(structuredContent)} of data`);
  }
}
await client.close();
