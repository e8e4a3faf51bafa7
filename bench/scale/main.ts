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
  { gpus: 1_000, queued: 'window', ...times },
];
const QUICK: readonly Setting[] = [
  { gpus: 10, queued: 1_000, ...times },
  { gpus: 100, queued: 50_000, ...times },
  { gpus: 100, queued: 'window', ...times },
];

const COLUMNS = [
  'GPUs',
  'hosts',
  'queued',
  'verdicts',
  'slots busy',
  'idle gap p50 / p99, ms',
  'decisions',
  'CPU a decision, us',
  'wall p50 / p99, us',
  'CPU to queue one, us',
];

const row = ({ gpus, queued }: Setting, { hosts, verdicts, busy, gapMs, decisions, additions }: Report): string =>
  `| ${[
    gpus,
    hosts,
    queued,
    verdicts,
    `${(busy * 100).toFixed(2)} %`,
    `${gapMs.p50.toFixed(2)} / ${gapMs.p99.toFixed(2)}`,
    decisions.calls,
    decisions.cpuUs.toFixed(1),
    `${decisions.wallUs.p50.toFixed(1)} / ${decisions.wallUs.p99.toFixed(1)}`,
    additions.cpuUs.toFixed(1),
  ].join(' | ')} |`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const main = (settings: readonly Setting[]): void => {
  let missed = 0;
  say(`| ${COLUMNS.join(' | ')} |`);
  say(`|${'---|'.repeat(COLUMNS.length)}`);
  for (const setting of settings) {
    const report = simulate(setting);
    say(row(setting, report));
    if (report.busy < BUSY_MIN || report.decisions.cpuUs > DECISION_US_MAX) missed += 1;
  }
  say(
    `\nTargets: at least ${BUSY_MIN * 100} % busy, at most ${DECISION_US_MAX} us a decision: ${missed > 0 ? 'MISSED' : 'met'}.`,
  );
  say('Queued: candidates in the core; "window": leased from an endless queue as the core asks for them.');
  process.exitCode = missed > 0 ? 1 : 0;
};

main(process.argv.includes('--quick') ? QUICK : FULL);
