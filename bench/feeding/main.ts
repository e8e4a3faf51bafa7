/**
 * Whether agents keep a fleet fed: `node bench/feeding/main.ts`. The real controller and scheduler core, everything else in virtual time.
 * Prints a Markdown table. Exits 1 where a target is missed.
 */
import { table } from '../markdown.ts';
import type { FeedingReport } from './samples.ts';
import { BUSY_MIN, HELD_MAX, SCENARIOS, type Scenario } from './scenarios.ts';
import { simulateFeeding } from './simulation.ts';

const COLUMNS = [
  'what happens',
  'GPUs',
  'target, s',
  'verdicts/s',
  'slots busy',
  'worst 10 s',
  'queue / target: least, mean, most',
  'thinking: mean, most',
];

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const row = ({ name, gpus, targetSeconds }: Scenario, report: FeedingReport): readonly (string | number)[] => [
  name,
  gpus,
  targetSeconds,
  report.perSecond.toFixed(1),
  percent(report.busy),
  percent(report.busyWorst),
  `${report.held.least.toFixed(2)}, ${report.held.mean.toFixed(2)}, ${report.held.most.toFixed(2)}`,
  `${report.thinking.mean.toFixed(0)}, ${report.thinking.most}`,
];

const reports = SCENARIOS.map((scenario) => ({ scenario, report: simulateFeeding(scenario) }));
const isMet = reports.every(({ report }) => report.busy >= BUSY_MIN && report.held.most <= HELD_MAX);
process.stdout.write(
  `${table(
    COLUMNS,
    reports.map(({ scenario, report }) => row(scenario, report)),
  )}\n\n`,
);
process.stdout.write(
  `Targets: at least ${BUSY_MIN * 100} % busy once warm, the queue at most ${HELD_MAX} times its target at any time: ${isMet ? 'met' : 'MISSED'}.\n`,
);
process.exitCode = isMet ? 0 : 1;
