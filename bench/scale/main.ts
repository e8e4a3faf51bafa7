/**
 * The scheduler core alone, in virtual time: `node bench/scale/main.ts [--quick]`. Prints a Markdown table. Exits 1 where a target is missed.
 * CPU times are real; everything else is simulated.
 */
import { type Report, type Setting, simulate } from './simulation.ts';

const BUSY_MIN = 0.97;
const DECISION_US_MAX = 50;

const times = { warmupMs: 3_000, measuredMs: 6_000 };
const FULL: readonly Setting[] = [
  { gpus: 10, queued: 1_000, ...times },
  { gpus: 10, queued: 1_000_000, ...times },
  { gpus: 100, queued: 10_000, ...times },
  { gpus: 100, queued: 1_000_000, ...times },
  { gpus: 1_000, queued: 20_000, ...times },
  { gpus: 1_000, queued: 100_000, ...times },
  { gpus: 1_000, queued: 1_000_000, ...times },
];
const QUICK: readonly Setting[] = [
  { gpus: 10, queued: 1_000, ...times },
  { gpus: 100, queued: 50_000, ...times },
];

const row = ({ gpus, queued }: Setting, report: Report): string =>
  `| ${[
    gpus,
    report.hosts,
    queued,
    report.verdicts,
    `${(report.busy * 100).toFixed(2)} %`,
    `${report.gapMs.p50.toFixed(2)} / ${report.gapMs.p99.toFixed(2)}`,
    report.decisions,
    `${report.decisionUs.mean.toFixed(1)} / ${report.decisionUs.p50.toFixed(1)} / ${report.decisionUs.p99.toFixed(1)}`,
    report.fillUs.toFixed(1),
  ].join(' | ')} |`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const main = (settings: readonly Setting[]): void => {
  say(
    '| GPUs | hosts | queued | verdicts | slots busy | idle gap p50 / p99, ms | decisions | CPU a decision: mean / p50 / p99, us | fill, us |',
  );
  say('|---|---|---|---|---|---|---|---|---|');
  for (const setting of settings) {
    const report = simulate(setting);
    say(row(setting, report));
    if (report.busy < BUSY_MIN || report.decisionUs.mean > DECISION_US_MAX) process.exitCode = 1;
  }
  say(
    `\nTargets: at least ${BUSY_MIN * 100} % busy, at most ${DECISION_US_MAX} us a decision: ${process.exitCode ? 'MISSED' : 'met'}.`,
  );
};

main(process.argv.includes('--quick') ? QUICK : FULL);
