/**
 * What it costs to start a command of `kiln`, and what that would be in other ways.
 *
 *   node bench/start.ts [--runs N] [--out FILE]
 *
 * The ways alternate. CPU is that of the started process, user and system, on average; the daemon that is asked is a server without an engine behind it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveFake } from '../test/support/server/serve-fake.ts';
import { cpuSecondsWithChildrenOf } from './dispatch/process-cost.ts';
import { loadNow, machineLine } from './machine.ts';
import { table } from './markdown.ts';

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '20' }, out: { type: 'string' } } });
const RUNS = Number(options.runs);
const ROOT = join(import.meta.dirname, '..');
const MAIN = join(ROOT, 'src/cli/main.ts');
/** Without the hook of main.ts. */
const PLAIN = `const { run } = await import('${join(ROOT, 'src/cli/run.ts')}'); await run(process.argv.slice(1));`;
const EXEC = ['host', 'exec', 'nowhere', '--', 'true'];

interface Way {
  readonly name: string;
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const node = process.execPath;
const WAYS: readonly Way[] = [
  { name: '`ssh -V`', words: ['ssh', '-V'] },
  { name: 'Node alone', words: [node, '--input-type=module', '--eval', '0'] },
  { name: '`kiln --version`', words: [node, MAIN, '--version'] },
  { name: '`kiln queue`', words: [node, MAIN, 'queue'] },
  { name: '`kiln host exec`', words: [node, MAIN, ...EXEC] },
  { name: '… through the launcher', words: [join(ROOT, 'kiln'), ...EXEC] },
  { name: '… with what Zod says in every language', words: [node, '--input-type=module', '--eval', PLAIN, '--', ...EXEC] },
  {
    name: '… and without the compile cache',
    words: [node, '--input-type=module', '--eval', PLAIN, '--', ...EXEC],
    env: { NODE_DISABLE_COMPILE_CACHE: '1' },
  },
];

/** To its end. Not in one go: this process answers it. */
const started = async ({ words: [program = node, ...words] }: Way, env: NodeJS.ProcessEnv): Promise<void> => {
  await once(spawn(program, words, { env, stdio: 'ignore' }), 'close');
};

const main = async (): Promise<void> => {
  const load = loadNow();
  const cache = mkdtempSync(join(tmpdir(), 'kiln-start-'));
  const server = await serveFake();
  try {
    const env = { ...process.env, KILN_URL: server.url, NODE_COMPILE_CACHE: cache };
    const costs = new Map(WAYS.map(({ name }) => [name, { cpuSeconds: 0, ms: 0 }]));
    // The first round is not counted: it fills the cache.
    for (let round = 0; round <= RUNS; round += 1) {
      for (const way of WAYS) {
        const [startedMs, startedSeconds] = [performance.now(), cpuSecondsWithChildrenOf(process.pid)];
        const own = process.cpuUsage();
        await started(way, { ...env, ...way.env });
        const { user, system } = process.cpuUsage(own);
        const cost = costs.get(way.name);
        if (!cost || round === 0) continue;
        cost.cpuSeconds += (cpuSecondsWithChildrenOf(process.pid) - startedSeconds - (user + system) / 1e6) / RUNS;
        cost.ms += (performance.now() - startedMs) / RUNS;
      }
    }
    const rows = [...costs].map(([name, { cpuSeconds, ms }]) => [
      name,
      `${(cpuSeconds * 1000).toFixed(0)} ms`,
      `${ms.toFixed(0)} ms`,
    ]);
    const text = [
      '# The start of a command',
      '',
      `${machineLine(load)} Means of ${RUNS} runs of each, in turns; \`node bench/start.ts\`.`,
      '',
      table(['what', 'CPU', 'time'], rows),
      '',
    ].join('\n');
    process.stdout.write(text);
    if (options.out !== undefined) writeFileSync(options.out, text);
  } finally {
    await server.stop();
    rmSync(cache, { recursive: true, force: true });
  }
};

await main();
