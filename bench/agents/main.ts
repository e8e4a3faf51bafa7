/**
 * How long a daemon needs to take up a campaign of many generations again, and to report on it, and what that takes of memory.
 *
 *   node --expose-gc bench/agents/main.ts [--generations 100000] [--one-by-one]
 *
 * On the embedded store in a temporary folder. Every figure is of this run. `--one-by-one` reads the archive's candidates so, for comparison.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Judging } from '../../src/domain/ports/kiln.ts';
import { createRun } from '../../src/agents/run/state/campaign-run.ts';
import { countRows, rebuildArchives } from '../../src/agents/run/lifecycle/replay.ts';
import { reportOf } from '../../src/agents/run/views/report.ts';
import { campaignView } from '../../src/agents/run/views/view.ts';
import { openEmbedded } from '../../src/store/pglite.ts';
import { createStore } from '../../src/store/store.ts';
import { fillStore, judgingOf, RECORD } from './long-campaign.ts';
import { count as countOption } from '../count.ts';

const SAMPLE_MS = 10;

const { values } = parseArgs({
  options: { generations: { type: 'string', default: '100000' }, 'one-by-one': { type: 'boolean', default: false } },
});
const count = countOption('--generations', values.generations, 10_000_000);

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const before = heapMegabytes();
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, process.memoryUsage().heapUsed / 1e6);
  }, SAMPLE_MS);
  const startedMs = performance.now();
  const result = await work();
  const seconds = (performance.now() - startedMs) / 1000;
  clearInterval(sampler);
  const [peak, held] = [most - before, heapMegabytes() - before];
  console.log(
    `${what.padEnd(44)} ${seconds.toFixed(2).padStart(7)} s   heap +${held.toFixed(0)} MB, at most +${peak.toFixed(0)} MB with garbage`,
  );
  return result;
};

const heapMegabytes = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};

const oneByOne = (judging: Judging): Judging => ({
  ...judging,
  sourced: async (ids) => {
    const found = [];
    for (const id of ids) found.push({ candidate: await judging.candidate(id), source: (await judging.source(id)).source });
    return found;
  },
});

const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-agents-'));
const database = await openEmbedded(folder);
try {
  const store = createStore(database.sql);
  await timed(`${count} generations written`, async () => fillStore(store, count));
  const judging = values['one-by-one'] ? oneByOne(judgingOf(store)) : judgingOf(store);
  const run = createRun(RECORD, { judging, random: Math.random });
  const { ended } = await timed('rows counted', async () => countRows(run, store));
  await timed(`archives rebuilt from ${ended.length} of them`, async () => rebuildArchives(run, judging, ended));
  const view = await campaignView({
    campaign: RECORD,
    account: run.account,
    targets: run.targets,
    ranMs: 0,
    thinking: 0,
    activity: '',
    openProposals: 0,
    recalled: [],
    rankedOf: async () => Promise.resolve([]),
    languageOf: async () => Promise.resolve('cuda'),
    lineageOf: (_target, id) => run.targets[0]?.archive.lineage(id) ?? [id],
  });
  const report = await timed('report in Markdown', async () => reportOf(store, view, { format: 'markdown' }));
  console.log(`report: ${report.text.length} characters`);
} finally {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
}
