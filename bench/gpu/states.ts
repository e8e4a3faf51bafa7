/**
 * Does what the device did before a judgement move its speed-up? Prints Markdown.
 *
 * usage: node bench/gpu/states.ts [--repeats 8] [--processes N] [--out FILE]      (bench/gpu/states-check does it with the offline bundle)
 *   --repeats: judgements of each kernel in each state
 *   --processes: in so many judge processes instead, one after the other: how far these are apart
 * With KILN_SIMULATED_DEVICES=1 (and KILN_SIMULATED_JUDGE_MS) it runs without hardware and says what that does not show.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { KilnFile } from '../../src/config/kiln-schema.ts';
import { count } from '../count.ts';
import { type BenchHost, startHost } from './several/host.ts';
import { measureStates } from './states/measure.ts';
import { measurePlacements, placementsReport } from './states/placements.ts';
import { statesReport } from './states/report.ts';

const REPEATS_MAX = 1000;
const PROCESSES_MAX = 100;

const main = async (): Promise<void> => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { repeats: text, processes: text, out: text } });
  const repeats = count('--repeats', values.repeats ?? '8', REPEATS_MAX);
  const host = await startHost(1, 'KILN_SIMULATED_DEVICES=1 shows how it works');
  try {
    const report =
      values.processes === undefined ? await statesOf(host, repeats) : await placementsOf(host, repeats, values.processes);
    process.stdout.write(report);
    if (values.out) writeFileSync(values.out, report);
  } finally {
    await host.sshd.stop();
  }
};

const today = (): string => new Date().toISOString().slice(0, 10);
const timing = KilnFile.parse({}).judging.timing;

const statesOf = async (host: BenchHost, repeats: number): Promise<string> =>
  statesReport(host, today(), { cases: await measureStates(host, timing, repeats), repeats });

const placementsOf = async (host: BenchHost, repeats: number, processes: string): Promise<string> => {
  const counts = { processes: count('--processes', processes, PROCESSES_MAX), repeats };
  return placementsReport(host, today(), await measurePlacements(host, timing, counts), counts);
};

await main();
