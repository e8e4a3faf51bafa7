/**
 * A campaign as its rows say it is: after a restart, or for a look at one that is over. Nothing that was paid for is asked again.
 *
 * What was asked is lost: whether it was billed nobody knows, so that its reserve counts as spent. What was answered is submitted (the same
 * content has the same id), what was submitted waits for its verdict again, and the archives are rebuilt from what was judged.
 */
import type { Generation } from '../../domain/campaign.ts';
import type { CampaignId } from '../../domain/ids.ts';
import type { CampaignStore, Judging } from '../ports.ts';
import { patienceOf } from './campaign-run.ts';
import type { Run, RunDeps } from './campaign-run.ts';
import { patiently } from './patience.ts';
import { advance, expectVerdict, learn, submitAnswer } from './submit.ts';
import { targetOf } from './campaign-run.ts';

const PAGE = 1000;
/** Judged generations that an archive is rebuilt from: the fastest, and the newest (which know what was tried last). */
const FASTEST_MAX = 1000;
const NEWEST_MAX = 4000;

/** By number, page by page. */
export async function* generationsOf(
  store: Pick<CampaignStore, 'generations'>,
  id: CampaignId,
): AsyncGenerator<readonly Generation[]> {
  for (let after = 0; ; ) {
    const page = await store.generations(id, { after, limit: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.number ?? after;
  }
}

interface Found {
  readonly judged: readonly Generation[];
  readonly open: readonly Generation[];
}

/** Counts every row. Returns those that are not settled, and those to rebuild the archives from. */
export const countRows = async (run: Run, store: Pick<CampaignStore, 'generations'>): Promise<Found> => {
  const open: Generation[] = [];
  let judged: Generation[] = [];
  for await (const page of generationsOf(store, run.record.id)) {
    for (const generation of page) {
      run.account.move(null, generation);
      run.next = generation.number + 1;
      const { status } = generation.state;
      if (status === 'judged') judged.push(generation);
      else if (status !== 'failed' && status !== 'lost') open.push(generation);
    }
    judged = worthKnowing(judged);
  }
  return { judged, open };
};

const worthKnowing = (judged: readonly Generation[]): Generation[] => {
  if (judged.length <= FASTEST_MAX + NEWEST_MAX) return [...judged];
  const newest = judged.slice(-NEWEST_MAX);
  const older = judged.slice(0, -NEWEST_MAX).toSorted((a, b) => speedupOf(b) - speedupOf(a));
  return [...older.slice(0, FASTEST_MAX), ...newest].toSorted((a, b) => a.number - b.number);
};

const speedupOf = ({ state }: Generation): number => (state.status === 'judged' ? (state.speedup ?? 0) : 0);

/** In the order of their numbers, as they were added the first time. */
export const rebuildArchives = async (run: Run, judging: Judging, judged: readonly Generation[]): Promise<void> => {
  for (const generation of judged) {
    if (run.closed.signal.aborted) return;
    const { state } = generation;
    const target = targetOf(run, generation);
    if (state.status !== 'judged' || !target) continue;
    const [record, { source }] = await patiently(
      async () => Promise.all([judging.candidate(state.candidateId), judging.source(state.candidateId)]),
      patienceOf(run),
    );
    // `learn` takes a starting point off those that are waited for.
    if (generation.move === 'seed') target.startsLeft += 1;
    learn(run, { generation, source, record });
  }
};

/** Asked becomes lost; answered is submitted; submitted waits again. */
export const settleOpen = async (run: Run, deps: RunDeps, open: readonly Generation[]): Promise<void> => {
  for (const generation of open) {
    const target = targetOf(run, generation);
    if (generation.move === 'seed' && target) target.startsLeft += 1;
  }
  for (const generation of open) {
    if (run.closed.signal.aborted) return;
    const { state } = generation;
    if (state.status === 'asked') {
      await advance(run, deps, { generation, state: { status: 'lost', reservedMicros: state.reservedMicros } });
    } else if (state.status === 'answered') {
      await submitAnswer(run, deps, { generation, draft: state.draft, again: true });
    } else if (state.status === 'submitted') {
      run.pending.set(state.candidateId, { generation, source: null });
      expectVerdict(run, deps, state.candidateId);
    }
  }
};
