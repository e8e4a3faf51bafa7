/**
 * Records a whole space through a daemon: node bench/search/record.ts NAME SWEEP_ID "NOTE". The sweep has tried every point; its daemon is the one
 * that `kiln` speaks to (KILN_URL). Writes bench/search/spaces/NAME.json.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allResults } from '../../src/cli/sweep-results.ts';
import { createClient } from '../../src/client/create-client.ts';
import { createSpace } from '../../src/domain/sweep/space.ts';
import type { RecordedSpace } from './recorded-space.ts';

const DIGITS = 5;

const [name, id, note = ''] = process.argv.slice(2);
if (name === undefined || id === undefined) throw new Error('usage: node bench/search/record.ts NAME SWEEP_ID "NOTE"');

const client = createClient({ url: process.env['KILN_URL'] ?? 'http://127.0.0.1:7070', token: process.env['KILN_TOKEN'] });
const view = await client.sweep(id);
const { spec } = view;
if (spec === null || view.asked < view.size || (view.byStatus['done'] ?? 0) < view.asked)
  throw new Error(`${id} has not tried every point: ${view.byStatus['done'] ?? 0} of ${view.size} are done`);

const results = await allResults(client, view.id);
const space = createSpace(spec);
const speedups = Array.from({ length: space.size }, (): number | null => null);
for (const { params, speedup } of results) {
  const places = space.axes.map(({ name: axis, values }) => values.indexOf(params[axis] ?? ''));
  if (speedup !== null) speedups[space.pointAt(places)] = Number(speedup.toPrecision(DIGITS));
}
const model = view.best[0]?.score?.deviceModel ?? view.device;
const recorded: RecordedSpace = {
  kind: 'recorded',
  note,
  device: model,
  axes: spec.axes,
  where: spec.where,
  speedups,
  verdicts: view.byVerdict,
};
const file = join(import.meta.dirname, 'spaces', `${name}.json`);
writeFileSync(file, `${JSON.stringify(recorded)}\n`);
process.stdout.write(`${file}: ${results.length} points\n`);
