import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parse } from 'yaml';
import { createMetrics } from '../../../src/engine/telemetry/metrics.ts';
import { createStorageMetrics } from '../../../src/storage/storage-metrics.ts';

const FOLDER = join(import.meta.dirname, '../../../config/monitoring');
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

const promtool = (...args: readonly string[]) => spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' });
const HAS_PROMTOOL = promtool('--version').error === undefined;

const up = async (): Promise<void> => Promise.resolve();

/** Every name that a daemon tells, those of histograms with their suffixes. */
const names = async (): Promise<ReadonlySet<string>> => {
  const quiet = { info: () => undefined, warn: () => undefined };
  const texts = [
    await createMetrics().text(),
    await createStorageMetrics({ dataDir: FOLDER, store: up, queue: up, log: quiet })(),
  ];
  const told = texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+) (\S+)$/gmu)]);
  return new Set(
    told.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
};

const metricsIn = (query: string): readonly string[] => [...query.matchAll(/\bkiln_\w+/gu)].map(([name]) => name);

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(z.object({ alert: z.string(), expr: z.string(), annotations: z.record(z.string(), z.string()) })),
    }),
  ),
});
const Board = z.object({ panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })) });

test('every metric of the alert rules is one that a daemon tells, and each rule says what to do', async () => {
  const known = await names();
  const rules = Rules.parse(parse(read('alerts.yaml'))).groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(10);
  const unknown = rules.flatMap(({ alert, expr }) =>
    metricsIn(expr).flatMap((name) => (known.has(name) ? [] : [`${alert}: ${name}`])),
  );
  expect(unknown).toEqual([]);
  expect(rules.filter(({ annotations }) => !annotations['summary'] || !annotations['action'])).toEqual([]);
});

test('every query of the Grafana dashboard asks for metrics that a daemon tells', async () => {
  const known = await names();
  const { panels } = Board.parse(JSON.parse(read('grafana.json')));
  const queries = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
  expect(queries.length).toBeGreaterThan(20);
  expect(queries.filter(({ expr }) => metricsIn(expr).length === 0)).toEqual([]);
  const unknown = queries.flatMap(({ title, expr }) =>
    metricsIn(expr).flatMap((name) => (known.has(name) ? [] : [`${title}: ${name}`])),
  );
  expect(unknown).toEqual([]);
});

test.skipIf(!HAS_PROMTOOL)(
  'promtool accepts the rules, and they tell what they are to tell (skipped without promtool: apt-get install prometheus)',
  () => {
    const checked = promtool('check', 'rules', 'alerts.yaml');
    expect(checked.status, checked.stdout + checked.stderr).toBe(0);
    const tested = promtool('test', 'rules', 'alerts.test.yaml');
    expect(tested.status, tested.stdout + tested.stderr).toBe(0);
  },
);
