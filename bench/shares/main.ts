/**
 * Shares of device time between submitters, on simulated devices in virtual time: `node bench/shares/main.ts`. Prints Markdown tables. Exits 1 where a
 * target is missed.
 */
import { type Party, ShareSimulation } from './simulation.ts';

const FLEET = { hosts: 2, devicesPerHost: 4 };
const [WARMUP_MS, MEASURED_MS, LATE_MS] = [2_000, 30_000, 20_000];
const SHARE_ERROR_MAX = 0.03;
const LATE_WITHIN_MS = 2_000;

const party = (name: string, weight: number, mean: number, fromMs = 0): Party => ({
  name,
  weight,
  serviceMs: { low: mean * 0.5, high: mean * 1.5 },
  fromMs,
});
const PARTIES = [party('quick', 1, 30), party('middle', 1, 200), party('slow', 2, 800)];

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
let missed = 0;
const check = (holds: boolean): string => {
  if (!holds) missed += 1;
  return holds ? 'met' : 'MISSED';
};

const shares = (title: string, parties: readonly Party[], [fromMs, toMs]: readonly [number, number]): void => {
  const run = new ShareSimulation({ ...FLEET, parties, endMs: toMs }).run();
  const weights = parties.reduce((sum, { weight }) => sum + weight, 0);
  const taken = run.sharesBetween(fromMs, toMs);
  say(`\n${title}; ${FLEET.hosts * FLEET.devicesPerHost} devices, ${percent(run.busyBetween(fromMs, toMs))} busy\n`);
  say('| submitter | weight | a candidate, ms | share due | share of the device time | within 3 % |');
  say('|---|---|---|---|---|---|');
  for (const { name, weight, serviceMs } of parties) {
    const share = taken.get(name) ?? 0;
    const isNear = Math.abs(share - weight / weights) < SHARE_ERROR_MAX;
    say(
      `| ${name} | ${weight} | ${serviceMs.low} to ${serviceMs.high} | ${percent(weight / weights)} | ${percent(share)} | ${check(isNear)} |`,
    );
  }
  for (const { name, fromMs: cameMs } of parties) {
    if (cameMs === 0) continue;
    const waitedMs = (run.firstStart(name) ?? Infinity) - cameMs;
    say(
      `\n${name} came after ${cameMs / 1000} s and had its first candidate begun ${waitedMs.toFixed(0)} ms later: ${check(waitedMs < LATE_WITHIN_MS)}.`,
    );
  }
};

const urgent = (): void => {
  const run = new ShareSimulation({ ...FLEET, parties: PARTIES, endMs: WARMUP_MS + 20_000 });
  run.submitAt(10_000, { ...party('urgent', 1, 100), fromMs: -1 }, 1);
  const waitedMs = (run.run().firstStart('urgent') ?? Infinity) - 10_000;
  const longestMs = Math.max(...PARTIES.map(({ serviceMs }) => serviceMs.high));
  say(
    `\nAn urgent candidate (priority 1) began ${waitedMs.toFixed(0)} ms after it came, its compilation included; the longest takes ${longestMs} ms: ${check(waitedMs < longestMs)}.`,
  );
};

shares('Three submitters over 30 s', PARTIES, [WARMUP_MS, WARMUP_MS + MEASURED_MS]);
const late = party('late', 2, 100, LATE_MS);
shares(
  'One comes late: the 30 s from two seconds after it came',
  [...PARTIES.slice(1), late],
  [LATE_MS + LATE_WITHIN_MS, LATE_MS + LATE_WITHIN_MS + MEASURED_MS],
);
urgent();
process.exitCode = missed > 0 ? 1 : 0;
