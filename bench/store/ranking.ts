/**
 * What a ranking costs, by its limit, on an embedded store where every candidate is ranked.
 *
 *   node bench/store/ranking.ts [--candidates 10000]
 *
 * CPU ms are of this process, all threads: the embedded database runs in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbedded } from '../../src/store/pglite.ts';
import { createStore } from '../../src/store/store.ts';
import { seedStore } from '../dashboard/seed.ts';
import { count } from '../count.ts';

const ROUNDS = 15;
const LIMITS = [1, 50, 1000];
const PROBLEM = 'vector_add';

const { values } = parseArgs({ options: { candidates: { type: 'string', default: '10000' } } });
const candidates = count('--candidates', values.candidates, 10_000_000);
const dataDir = mkdtempSync(join(tmpdir(), 'kiln-bench-ranking-'));
await seedStore(dataDir, candidates, 1);
const database = await openEmbedded(dataDir);
const store = createStore(database.sql);
const problemVersions = (await store.versionsOf(PROBLEM)).map(({ version }) => version);

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

/** Median of the rounds but the first, which fills the cache. */
const cpuMs = async (work: () => Promise<unknown>): Promise<number> => {
  const all: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    all.push((user + system) / 1000);
  }
  return median(all.slice(1));
};

console.log(`${values.candidates} ranked candidates of one problem on one model`);
for (const limit of LIMITS) {
  const spent = await cpuMs(async () => store.ranking({ problem: PROBLEM, problemVersions, limit }));
  console.log(`ranking, limit ${String(limit).padStart(4)}: ${spent.toFixed(1)} CPU ms`);
}
console.log(`versionsOf: ${(await cpuMs(async () => store.versionsOf(PROBLEM))).toFixed(1)} CPU ms`);
console.log(`failures: ${(await cpuMs(async () => store.failures(PROBLEM, problemVersions, 'H100'))).toFixed(1)} CPU ms`);
await database.close();
rmSync(dataDir, { recursive: true, force: true });
