/**
 * Does what the device did before a judgement move its speed-up? Prints Markdown.
 *
 * usage: node bench/gpu/states.ts [--repeats 8] [--out FILE]      (bench/gpu/states-check does it with the offline bundle)
 *   --repeats: judgements of each kernel in each state
 * With KILN_SIMULATED_DEVICES=1 (and KILN_SIMULATED_JUDGE_MS) it runs without hardware and says what that does not show.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { KilnFile } from '../../src/config/kiln-schema.ts';
import { count } from '../count.ts';
import { startHost } from './several/host.ts';
import { measureStates } from './states/measure.ts';
import { statesReport } from './states/report.ts';

const REPEATS_MAX = 1000;

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { repeats: { type: 'string' }, out: { type: 'string' } } });
  const repeats = count('--repeats', values.repeats ?? '8', REPEATS_MAX);
  const host = await startHost(1, 'KILN_SIMULATED_DEVICES=1 shows how it works');
  try {
    const cases = await measureStates(host, KilnFile.parse({}).judging.timing, repeats);
    const text = statesReport(host, new Date().toISOString().slice(0, 10), { cases, repeats });
    process.stdout.write(text);
    if (values.out) writeFileSync(values.out, text);
  } finally {
    await host.sshd.stop();
  }
};

await main();
