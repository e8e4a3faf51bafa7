/**
 * Whether the numbers can be trusted: `node bench/measure/main.ts [--device CLASS] [--fleet FILE] [--out FILE] [--quick]`. Prints Markdown.
 *
 * Null test, repeatability, agreement of two rankings, resolution of 1 %: through a daemon and its API alone, on a device of this machine
 * (or of the fleet file's hosts). Judgements are timed in pairs with the baseline.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { kilnFolder } from '../../test/support/kiln-process.ts';
import { loadNow, machineLine } from '../machine.ts';
import { bySeparateRuns, byRecordPairs, nullTest, rankings, repeatability } from './experiments.ts';
import type { Sizes } from './experiments.ts';
import { report } from './report.ts';
import { startRig } from './rig.ts';

const FULL: Sizes = { trials: 20, points: 50, repetitions: 10 };
const QUICK: Sizes = { trials: 4, points: 5, repetitions: 2 };
const THIS_MACHINE = 'hosts:\n  - {name: local, local: {}, gpus: auto}\n';

const said = (text: string): void => void process.stderr.write(`${text} …\n`);

const run = async (sizes: Sizes, options: { readonly device: string | undefined; readonly fleet: string }): Promise<string> => {
  const loadBefore = loadNow();
  const folder = kilnFolder(options.fleet, { KILN_TIMING_METHOD: 'paired', KILN_LOG_LEVEL: 'warn' });
  const rig = await startRig(folder, options.device);
  try {
    said('null test');
    const nulls = await nullTest(rig, sizes);
    said('repeatability');
    const repeated = await repeatability(rig, sizes);
    said('two rankings');
    const ranked = await rankings(rig, sizes);
    said('resolution, separate runs');
    const separate = await bySeparateRuns(rig, sizes);
    said('resolution, pairs');
    const paired = await byRecordPairs(rig, sizes);
    const machine = machineLine(loadBefore);
    return report({ device: rig.device, machine, nulls, repeated, ranked, separate, paired });
  } finally {
    await rig.stop();
    folder.remove();
  }
};

const { values } = parseArgs({
  options: {
    device: { type: 'string' },
    fleet: { type: 'string' },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const fleet = values.fleet === undefined ? THIS_MACHINE : readFileSync(values.fleet, 'utf8');
const text = await run(values.quick ? QUICK : FULL, { device: values.device, fleet });
process.stdout.write(text);
if (values.out !== undefined) writeFileSync(values.out, text);
