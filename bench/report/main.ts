/**
 * Writes the reports of docs/results that need no GPU: node bench/report/main.ts [NAME…] runs these benchmarks (scale, feeding, store, dispatch, soak,
 * sweeps, chunk-frames, compile, gaps; all by default) and writes what they printed, with the machine and the date, to docs/results/NAME.md.
 * docs/performance.md names figures of them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadNow } from '../machine.ts';

const ROOT = join(import.meta.dirname, '../..');
const REPORTS = join(ROOT, 'docs/results');
const RUN_LIMIT_MS = 900_000;

interface Benchmark {
  readonly args: readonly string[];
  /** Node where it is not said. */
  readonly program?: 'python3';
  /** What it prints is no Markdown: shown as it is. */
  readonly isPlain?: boolean;
  /** Run once with each of these words behind `args`. */
  readonly variants?: readonly (readonly string[])[];
  /** What it says depends on what else the machine does: of each variant so many tries, the first `head` lines of each and the whole of the last. */
  readonly tries?: { readonly count: number; readonly head: number };
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  scale: { args: ['bench/scale/main.ts'] },
  feeding: { args: ['bench/feeding/main.ts'] },
  store: { args: ['bench/store/batches.ts'], isPlain: true },
  dispatch: { args: ['bench/dispatch/main.ts'] },
  soak: { args: ['bench/dispatch/soak.ts'] },
  sweeps: { args: ['bench/sweeps/main.ts'] },
  'chunk-frames': { args: ['bench/sweeps/chunk-frames.ts'] },
  compile: { args: ['bench/compile/main.py'], program: 'python3' },
  gaps: {
    args: ['bench/judge/gaps.py'],
    program: 'python3',
    isPlain: true,
    variants: [
      ['--scale', '1'],
      ['--scale', '2.6'],
      ['--scale', '2.6', '--shipped', '--losers'],
    ],
    tries: { count: 5, head: 3 },
  },
};

const main = async (names: readonly string[]): Promise<void> => {
  for (const name of names) {
    const benchmark = BENCHMARKS[name];
    if (!benchmark) throw new Error(`no benchmark "${name}"; there are ${Object.keys(BENCHMARKS).join(', ')}`);
    process.stderr.write(`${commandOf(benchmark)}\n`);
    writeFileSync(join(REPORTS, `${name}.md`), `${await measured(benchmark)}\n`);
  }
};

const commandOf = ({ args, program }: Benchmark): string => [program ?? 'node', ...args].join(' ');

/** What each variant printed, behind the command where there are several. */
const printedBy = async (benchmark: Benchmark): Promise<string> => {
  const { variants, tries = { count: 1, head: 0 } } = benchmark;
  const parts: string[] = [];
  for (const words of variants ?? [[]]) {
    const variant = { ...benchmark, args: [...benchmark.args, ...words] };
    if (variants) parts.push(commandOf(variant));
    for (let left = tries.count; left > 0; left -= 1) {
      const printed = await run(variant);
      parts.push(left === 1 ? printed : printed.split('\n').slice(0, tries.head).join('\n'));
    }
  }
  return parts.join('\n\n');
};

const measured = async (benchmark: Benchmark): Promise<string> => {
  const { isPlain = false } = benchmark;
  const before = loadNow();
  const printed = await printedBy(benchmark);
  const date = new Date().toISOString().slice(0, 10);
  const facts = `\`${commandOf(benchmark)}\`, ${date}, ${availableParallelism()} cores, Node ${process.version}, load average ${before.toFixed(1)} before and ${loadNow().toFixed(1)} after.`;
  return `${facts}\n\n${isPlain ? `\`\`\`text\n${printed}\n\`\`\`` : printed}`;
};

/** A benchmark that misses a target ends with 1: its table says so, and is written all the same. */
const run = async (benchmark: Benchmark): Promise<string> => {
  const child = spawn(benchmark.program ?? process.execPath, benchmark.args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: RUN_LIMIT_MS,
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await once(child, 'close');
  if (child.signalCode !== null || printed.trim() === '') throw new Error(`${commandOf(benchmark)} ended without a table`);
  return printed.trim();
};

const { positionals } = parseArgs({ allowPositionals: true });
await main(positionals.length > 0 ? positionals : Object.keys(BENCHMARKS));
