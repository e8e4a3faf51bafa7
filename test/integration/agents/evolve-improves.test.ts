/** The search with its generator that needs no model, over a real daemon and the development device: it finds its way from a poor kernel. */
import { afterEach, expect, test } from 'vitest';
import { type Archive, createArchive } from '../../../src/agents/search/archive.ts';
import type { ArchiveEntry } from '../../../src/agents/search/entry.ts';
import { createEvolve } from '../../../src/agents/generators/evolve.ts';
import type { KilnClient } from '../../../src/client/create-client.ts';
import type { Draft } from '../../../src/domain/campaign/campaign.ts';
import type { CandidateId } from '../../../src/domain/ids.ts';
import type { Candidate } from '../../../src/domain/candidate.ts';
import { type KilnFolder, kilnFolder, startKiln } from '../../support/kiln-process.ts';
import { contextOf, exhibitOf } from '../../support/agents/contexts.ts';

const FLEET = 'hosts:\n  - {name: here, local: {}, cpu: true, gpus: none}\n';
const PROBLEM = 'matmul';
const SEED = 5;
const ISLANDS = 2;
/** The best point of this space is some ninety times as fast as the start, and no single step brings more than eleven: noise decides nothing. */
const FACTOR = 20;
const CANDIDATES_MAX = 48;
const AT_ONCE = 4;
/** Drafts in a row that are known already. */
const KNOWN_MAX = 50;

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

type Written = Pick<ArchiveEntry, 'number' | 'move' | 'island' | 'parents'> & { readonly draft: Draft };

const judged = async (client: KilnClient, batch: readonly Written[]): Promise<readonly ArchiveEntry[]> => {
  const { candidates } = await client.submit(
    batch.map(({ draft: { language, source, params } }) => ({ problem: PROBLEM, device: 'cpu', language, source, params })),
  );
  const records = await Promise.all(candidates.map(async ({ id }) => untilDone(client, id)));
  return records.flatMap((candidate, i) => (batch[i] ? [entryOf(batch[i], candidate)] : []));
};

const untilDone = async (client: KilnClient, id: CandidateId): Promise<Candidate> => {
  await expect.poll(async () => (await client.candidate(id)).state.status, { interval: 50 }).toBe('done');
  return client.candidate(id);
};

const entryOf = ({ draft, ...written }: Written, { id, state, score, submission }: Candidate): ArchiveEntry => {
  const verdict = state.status === 'done' ? state.outcome.verdict : null;
  return {
    ...written,
    candidateId: id,
    language: draft.language,
    source: draft.source,
    params: submission.params,
    idea: draft.idea,
    verdict,
    speedup: score?.speedup ?? null,
    stoppedEarly: false,
    floorShare: null,
    failure: verdict === 'passed' ? null : String(verdict),
    bound: 'unknown',
    registers: null,
    isVariable: true,
  };
};

const writer = (archive: Archive, client: KilnClient) => {
  const evolve = createEvolve();
  const written = new Set<string>();
  let number = 1;
  return async (): Promise<Written> => {
    const { problem } = await client.problem(PROBLEM);
    for (let tries = 0; tries < KNOWN_MAX; tries++) {
      number += 1;
      const island = number % ISLANDS;
      const { move, parents, seed } = archive.choose({ island, number, invents: false });
      const shown = parents.flatMap((id) => archive.content(id) ?? []).map((entry) => exhibitOf(entry.source, entry.params));
      const answer = await evolve.next(contextOf({ problem, move, seed, parents: shown }), new AbortController().signal);
      if (!answer.ok || !archive.novelty(answer.draft).isNew) continue;
      const key = JSON.stringify(answer.draft.params);
      if (written.has(key)) continue;
      written.add(key);
      return { number, move, island, parents, draft: answer.draft };
    }
    throw new Error(`nothing new in ${KNOWN_MAX} drafts`);
  };
};

test(`evolve makes a poor matmul at least ${FACTOR} times as fast within ${CANDIDATES_MAX} candidates`, async () => {
  folder = kilnFolder(FLEET);
  const kiln = await startKiln(folder);
  const source = (await kiln.client.problem(PROBLEM)).files['evolve/start.c'] ?? '';
  const archive = createArchive({ islands: ISLANDS, seed: SEED });
  const start: Written = {
    number: 1,
    move: 'seed',
    island: 0,
    parents: [],
    draft: { language: 'c', source, params: {}, idea: '', note: '' },
  };
  const [first] = await judged(kiln.client, [start]);
  if (!first) throw new Error('the start was not judged');
  expect(first.verdict).toBe('passed');
  archive.add(first);
  const write = writer(archive, kiln.client);
  let candidates = 1;
  while (candidates < CANDIDATES_MAX && (archive.best()?.speedup ?? 0) < FACTOR * (first.speedup ?? 1)) {
    const batch: Written[] = [];
    while (batch.length < AT_ONCE) batch.push(await write());
    for (const entry of await judged(kiln.client, batch)) archive.add(entry);
    candidates += batch.length;
  }
  const best = archive.best();
  if (!best || first.speedup === null) throw new Error('nothing passed');
  process.stdout.write(`evolve: ${first.speedup.toFixed(2)}x -> ${best.speedup.toFixed(2)}x in ${candidates} candidates\n`);
  expect(best.speedup / first.speedup).toBeGreaterThanOrEqual(FACTOR);
  expect(archive.lineage(best.candidateId)[0]).toBe(first.candidateId);
  await kiln.stop();
});
