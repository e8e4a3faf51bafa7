/**
 * Does a daemon that is never idle get slower or larger: `node bench/dispatch/soak.ts [--candidates 100000] [--every 10000]`. Prints Markdown.
 *
 * The embedded store, since there everything is in the daemon's process. A sweep, so that every candidate is new to all of Kiln's parts.
 */
import { parseArgs } from 'node:util';
import { processesNaming } from '../../test/support/kiln-process.ts';
import { loadNow, machineLine } from '../machine.ts';
import { table } from '../markdown.ts';
import { judgeAll } from './judged.ts';
import { memoryMiBOf } from './process-cost.ts';
import { startSimulated } from './simulated-kiln.ts';
import { count } from '../count.ts';

interface Look {
  readonly candidates: number;
  readonly perSecond: number;
  readonly daemonMiB: number;
  readonly runnerMiB: number;
}

const soak = async (candidates: number, every: number): Promise<readonly Look[]> => {
  const target = await startSimulated({});
  const { kiln, folder } = target;
  const looks: Look[] = [];
  try {
    for (let done = 0; done < candidates; done += every) {
      const { perSecond } = await judgeAll(target, { kind: 'sweep', first: done, count: every });
      // The largest of its processes is the server, the others judge.
      const runnerMiB = Math.max(
        ...processesNaming(folder)
          .filter(({ pid }) => pid !== kiln.pid)
          .map(({ pid }) => memoryMiBOf(pid)),
      );
      looks.push({ candidates: done + every, perSecond, daemonMiB: memoryMiBOf(kiln.pid), runnerMiB });
      process.stderr.write(`${done + every} candidates, ${perSecond.toFixed(0)}/s\n`);
    }
  } finally {
    await target.end();
  }
  return looks;
};

const looksTable = (looks: readonly Look[]): string =>
  table(
    ['candidates so far', 'candidates/s since the last line', 'daemon MiB', 'runner MiB'],
    looks.map((look) => [look.candidates, look.perSecond.toFixed(0), look.daemonMiB.toFixed(0), look.runnerMiB.toFixed(0)]),
  );

const { values } = parseArgs({
  options: { candidates: { type: 'string', default: '100000' }, every: { type: 'string', default: '10000' } },
});
const loadBefore = loadNow();
const looks = await soak(count('--candidates', values.candidates, 100_000_000), count('--every', values.every, 100_000_000));
process.stdout.write(`${machineLine(loadBefore)}\n\n${looksTable(looks)}\n`);
