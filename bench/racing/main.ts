/**
 * What racing saves, and whether it costs a ranking anything: one space of params is judged twice in one run, every point timed to the end and
 * with racing, each by a daemon of its own. Prints Markdown.
 *
 * usage: node bench/racing/main.ts [--problem matmul] [--device cpu] [--start evolve/start] [--points 60] [--places 10] [--seed 1] [--fleet FILE] [--out FILE]
 *   --start: a candidate of the problem's folder whose plan has a `space`, without its ending
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import { BATCH_MAX } from '../../src/domain/api/limits.ts';
import type { Candidate } from '../../src/domain/candidate.ts';
import type { Params } from '../../src/domain/plan/plan.ts';
import { pick, randomFrom } from '../../src/platform/random.ts';
import { parseHeader } from '../../src/problems/parse-header.ts';
import { kilnFolder, startKiln } from '../../test/support/kiln-process.ts';
import { count } from '../count.ts';
import { loadNow, machineLine } from '../machine.ts';
import { table } from '../markdown.ts';
import { quantile } from '../quantile.ts';
import { agreement } from '../measure/kendall.ts';
import type { Ranked } from '../measure/kendall.ts';

const KERNELS = join(import.meta.dirname, '../../kernels');
const THIS_MACHINE = 'hosts:\n  - {name: local, local: {}, gpus: auto}\n';
const WAIT_SECONDS = 60;
const WAITS_MAX = 30;
const FRONT_SHOWN = 20;

interface Judged {
  readonly records: readonly Candidate[];
  readonly model: string;
}

const main = async (): Promise<void> => {
  const options = optionsOf();
  const loadBefore = loadNow();
  const points = pointsOf(options);
  say(`${points.length} points of ${options.problem}, each timed to the end`);
  const full = await judgedWith(points, options, 0);
  say('the same with racing');
  const raced = await judgedWith(points, options, options.places);
  const text = reportOf({ full, raced }, options, machineLine(loadBefore));
  process.stdout.write(text);
  if (options.out !== undefined) writeFileSync(options.out, text);
};

const say = (text: string): void => void process.stderr.write(`racing: ${text} …\n`);

const optionsOf = () => {
  const { values } = parseArgs({
    options: {
      problem: { type: 'string', default: 'matmul' },
      device: { type: 'string', default: 'cpu' },
      start: { type: 'string', default: 'evolve/start' },
      points: { type: 'string', default: '60' },
      places: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      fleet: { type: 'string' },
      out: { type: 'string' },
    },
  });
  return {
    ...values,
    fleet: values.fleet === undefined ? THIS_MACHINE : readFileSync(values.fleet, 'utf8'),
    points: count('--points', values.points, BATCH_MAX),
    places: count('--places', values.places, BATCH_MAX),
    seed: count('--seed', values.seed, 1_000_000),
  };
};
type Options = ReturnType<typeof optionsOf>;

/** Points of the space, drawn without repetition. */
const pointsOf = ({ problem, device, start, points, seed }: Options): readonly SubmitCandidate[] => {
  const language = device === 'cpu' ? 'c' : 'cuda';
  const source = readFileSync(join(KERNELS, problem, `${start}.${device === 'cpu' ? 'c' : 'cu'}`), 'utf8');
  const header = parseHeader(source, language);
  if (!header.ok || !header.plan.space) throw new Error(`kernels/${problem}/${start} has no space`);
  const axes = Object.entries(header.plan.space);
  const draw = randomFrom(seed);
  const drawn = new Map<string, Params>();
  const size = axes.reduce((product, [, values]) => product * values.length, 1);
  while (drawn.size < Math.min(points, size)) {
    const params = Object.fromEntries(axes.map(([name, values]) => [name, pick(draw, values) ?? 0]));
    drawn.set(JSON.stringify(params), params);
  }
  return [...drawn.values()].map((params) => ({ problem, device, language, source, params, submitter: 'bench' }));
};

/** By a daemon that knows nothing yet. */
const judgedWith = async (points: readonly SubmitCandidate[], { fleet }: Options, places: number): Promise<Judged> => {
  const folder = kilnFolder(fleet, { KILN_RACING_PLACES: String(places), KILN_LOG_LEVEL: 'warn' });
  const kiln = await startKiln(folder);
  try {
    const { candidates } = await kiln.client.submit(points);
    const records: Candidate[] = [];
    for (const { id } of candidates) records.push(await whenDone(kiln.client, id));
    return { records, model: records.find(({ score }) => score)?.score?.deviceModel ?? 'no device' };
  } finally {
    await kiln.stop();
    folder.remove();
  }
};

const whenDone = async (
  client: { candidate(id: string, wait: { readonly waitSeconds: number }): Promise<Candidate> },
  id: string,
): Promise<Candidate> => {
  for (let wait = 0; wait < WAITS_MAX; wait += 1) {
    const record = await client.candidate(id, { waitSeconds: WAIT_SECONDS });
    if (record.state.status === 'done') return record;
  }
  throw new Error(`${id} was not done after ${WAITS_MAX * WAIT_SECONDS} s`);
};

const reportOf = (
  { full, raced }: { readonly full: Judged; readonly raced: Judged },
  options: Options,
  machine: string,
): string => {
  const first = full.records
    .filter(({ score }) => score)
    .toSorted((a, b) => (b.score?.rankKey ?? 0) - (a.score?.rankKey ?? 0))
    .slice(0, Math.min(FRONT_SHOWN, options.places));
  const again = new Map(raced.records.map((record) => [record.id, record]));
  const kept = first.filter(({ id }) => again.get(id)?.score && !again.get(id)?.score?.stopped);
  const agreed = agreement(
    kept.map(rankedOf),
    kept.map(({ id }) => rankedOf(again.get(id))),
  );
  const lines = [
    `# Racing: ${options.problem} on ${full.model}`,
    '',
    `${new Date().toISOString().slice(0, 10)}, ${machine} ${options.points} points of \`${options.start}\`, seed ${options.seed}, ${options.places} places.`,
    '',
    table(
      ['', 'passed', 'stopped early', 'judged in', 'of it timed', 'candidates/s of device time', 'the later half'],
      [rowOf('timed to the end', full), rowOf('racing', raced)],
    ),
    '',
    'With racing:',
    '',
    table(
      ['', 'candidates', 'judged in (p50)', 'of it timed', 'as many in a second of device time'],
      [kindRow('stopped early', raced, (stopped) => stopped), kindRow('timed to the end', raced, (stopped) => !stopped)],
    ),
    '',
    `Of the first ${first.length} of the full ranking ${kept.length} were timed to the end with racing too; the order of these: tau ${agreed.tau.toFixed(3)}, ` +
      `over pairs apart ${agreed.tauApart.toFixed(3)} (${agreed.pairsApart} of ${agreed.pairs}).`,
    '',
  ];
  return lines.join('\n');
};

const rankedOf = (record: Candidate | undefined): Ranked => ({
  value: record?.score?.rankKey ?? Number.NaN,
  low: record?.score?.speedupLow ?? Number.NaN,
  high: record?.score?.speedupHigh ?? Number.NaN,
});

const rowOf = (name: string, { records }: Judged): readonly (string | number)[] => {
  const passed = records.filter(({ score }) => score);
  const later = passed.slice(Math.floor(passed.length / 2));
  return [
    name,
    passed.length,
    passed.filter(({ score }) => score?.stopped).length,
    `${(spent(passed, 'totalMs') / 1000).toFixed(2)} s`,
    `${(spent(passed, 'measureMs') / 1000).toFixed(2)} s`,
    ((1000 * passed.length) / spent(passed, 'totalMs')).toFixed(1),
    ((1000 * later.length) / spent(later, 'totalMs')).toFixed(1),
  ];
};

/** Of those that passed: who is stopped early is told apart from who is near the front. */
const kindRow = (name: string, { records }: Judged, isOne: (stopped: boolean) => boolean): readonly (string | number)[] => {
  const ones = records.filter(({ score }) => score && isOne(score.stopped !== undefined));
  if (ones.length === 0) return [name, 0, '', '', ''];
  const judgedMs = quantile(
    ones.map((record) => spent([record], 'totalMs')),
    0.5,
  );
  return [
    name,
    ones.length,
    `${judgedMs.toFixed(1)} ms`,
    `${((100 * spent(ones, 'measureMs')) / spent(ones, 'totalMs')).toFixed(0)} %`,
    (1000 / judgedMs).toFixed(1),
  ];
};

/** Of their screenings: confirmations are the same with both. */
const spent = (records: readonly Candidate[], phase: 'totalMs' | 'measureMs'): number =>
  records
    .flatMap(({ attempts }) => attempts)
    .reduce((sum, { mode, phases }) => sum + (mode === 'screen' ? (phases?.[phase] ?? 0) : 0), 0);

await main();
