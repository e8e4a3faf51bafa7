/**
 * A campaign as its rows say it is: after a restart, or for a look at one that is over. Nothing that was paid for is asked again.
 *
 * What was asked is lost: whether it was billed nobody knows, so that its reserve counts as spent; what waits in a batch goes on waiting. What was answered is submitted (the same
 * content has the same id), what was submitted waits for its verdict again, and the archives are rebuilt from what was judged.
 */
import { comparedScore } from '../../../domain/ranking/compared-score.ts';
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { CampaignId } from '../../../domain/ids.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { advance } from '../outcomes/advance.ts';
import { retryOf, targetOf } from '../state/campaign-run.ts';
import type { Run } from '../state/campaign-run.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import { addFailed, wasAnswered } from '../outcomes/failed-generations.ts';
import { learnProposals } from '../outcomes/learn-proposals.ts';
import { learnProfile } from '../outcomes/profile-bound.ts';
import { addToArchive, expectVerdict, learn } from '../outcomes/keep-verdict.ts';
import { submitAnswer } from '../asking/submit.ts';
import { resumeBatched } from './resume-batches.ts';
import type { RunDeps } from './run-deps.ts';

const PAGE = 1000;
/** Generations that an archive is rebuilt from: the fastest, and the newest (which know what was tried last). */
const FASTEST_MAX = 1000;
const NEWEST_MAX = 4000;
/** Of their candidates: some megabytes of sources. */
const READ_AT_ONCE = 250;

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
  /** Judged, or answered without a candidate. */
  readonly ended: readonly Generation[];
  readonly open: readonly Generation[];
}

/** Counts every row. Returns those that go on, and those to rebuild the archives from. */
export const countRows = async (run: Run, store: Pick<CampaignStore, 'generations'>): Promise<Found> =>
  readRows(run, store, (generation) => {
    run.account.move(null, generation);
    learnProposals(run, generation);
    if (generation.move === 'seed') run.starts += 1;
    run.next = generation.number + 1;
  });

const OPEN_STATES: ReadonlySet<string> = new Set(['asked', 'answered', 'submitted']);

const readRows = async (
  run: Run,
  store: Pick<CampaignStore, 'generations'>,
  onRow: (generation: Generation) => void,
): Promise<Found> => {
  const open: Generation[] = [];
  let ended: Generation[] = [];
  for await (const page of generationsOf(store, run.campaign.id)) {
    for (const generation of page) {
      onRow(generation);
      const { status } = generation.state;
      if (status === 'judged' || wasAnswered(generation)) ended.push(generation);
      else if (OPEN_STATES.has(status)) open.push(generation);
    }
    ended = worthKnowing(ended);
  }
  return { ended, open };
};

/**
 * After verdicts were taken back: what their candidates had displaced from the archives and from among the leaders is there again. Whatever is
 * known stays as it is, so that agents may go on meanwhile.
 */
export const learnDisplaced = async (run: Run, judging: Judging, store: Pick<CampaignStore, 'generations'>): Promise<void> => {
  const { ended } = await retryWhileUnavailable(async () => readRows(run, store, (row) => run.account.lead(row)), retryOf(run));
  await forEachSourced(run, { judging, ended }, (generation, sourced) => {
    if (sourced) addToArchive(run, { generation, ...sourced });
    else if (generation.state.status !== 'judged') addFailed(run, generation);
  });
  await learnProfiles(run, judging);
};

/** An old failure without what became of its repair would be repaired again: of the older ones only those that passed. */
const worthKnowing = (ended: readonly Generation[]): Generation[] => {
  if (ended.length <= FASTEST_MAX + NEWEST_MAX) return [...ended];
  const newest = ended.slice(-NEWEST_MAX);
  const older = ended.slice(0, -NEWEST_MAX).filter((generation) => speedupOf(generation) > 0);
  const fastest = older.toSorted((a, b) => speedupOf(b) - speedupOf(a)).slice(0, FASTEST_MAX);
  return [...fastest, ...newest].toSorted((a, b) => a.number - b.number);
};

const speedupOf = ({ state }: Generation): number => (state.status === 'judged' ? (state.speedup ?? 0) : 0);

/** In the order of their numbers, as they were added the first time. */
export const rebuildArchives = async (run: Run, judging: Judging, ended: readonly Generation[]): Promise<void> => {
  await forEachSourced(run, { judging, ended }, (generation, sourced) => learnAgain(run, generation, sourced));
  await learnProfiles(run, judging);
};

type Sourced = Awaited<ReturnType<Judging['sourced']>>[number];

/** With their candidates and sources of those that were judged; what is not done any more is left out. */
const forEachSourced = async (
  run: Run,
  { judging, ended }: { readonly judging: Judging; readonly ended: readonly Generation[] },
  onGeneration: (generation: Generation, sourced: Sourced | undefined) => void,
): Promise<void> => {
  for (let from = 0; from < ended.length; from += READ_AT_ONCE) {
    if (run.closed.signal.aborted) return;
    const batch = ended.slice(from, from + READ_AT_ONCE);
    const ids = batch.flatMap(({ state }) => (state.status === 'judged' ? [state.candidateId] : []));
    const found = await retryWhileUnavailable(async () => judging.sourced(ids), retryOf(run));
    const byId = new Map(
      found.flatMap((sourced) => (sourced.candidate.state.status === 'done' ? [[sourced.candidate.id, sourced]] : [])),
    );
    for (const generation of batch)
      onGeneration(generation, generation.state.status === 'judged' ? byId.get(generation.state.candidateId) : undefined);
  }
};

const learnAgain = (run: Run, generation: Generation, sourced: Sourced | undefined): void => {
  const { state, move } = generation;
  if (state.status !== 'judged') return addFailed(run, generation);
  const target = targetOf(run, generation);
  if (!target || !sourced) return;
  // `learn` takes a starting point off those that are waited for.
  if (move === 'seed') target.startsLeft += 1;
  const { candidate } = sourced;
  if (move === 'seed' || state.gain !== undefined)
    target.front.restore({ candidateId: candidate.id, score: comparedScore(candidate.score), isRecord: state.isRecord });
  learn(run, { generation, ...sourced });
};

/** Of those that can be parents now. */
const learnProfiles = async (run: Run, judging: Judging): Promise<void> => {
  for (const { archive } of run.targets) {
    for (const { candidateId } of archive.elites()) {
      if (run.closed.signal.aborted) return;
      learnProfile([archive], await retryWhileUnavailable(async () => judging.profile(candidateId), retryOf(run)));
    }
  }
};

/** Asked becomes lost, unless it is in a batch; answered is submitted; submitted waits again. */
export const resumeOpen = async (run: Run, deps: RunDeps, open: readonly Generation[]): Promise<void> => {
  for (const generation of open) {
    const target = targetOf(run, generation);
    if (generation.move === 'seed' && target) target.startsLeft += 1;
  }
  const batched: Generation[] = [];
  for (const generation of open) {
    if (run.closed.signal.aborted) return;
    const { state } = generation;
    if (state.status === 'asked' && state.batch !== undefined) {
      batched.push(generation);
    } else if (state.status === 'asked') {
      await advance(run, deps, { generation, state: { status: 'lost', reservedMicros: state.reservedMicros } });
    } else if (state.status === 'answered') {
      await submitAnswer(run, deps, { generation, draft: state.draft, again: true });
    } else if (state.status === 'submitted') {
      const others = run.pending.get(state.candidateId)?.generations ?? [];
      run.pending.set(state.candidateId, { generations: [...others, generation], source: null });
      expectVerdict(run, deps, state.candidateId);
    }
  }
  await resumeBatched(run, deps, batched);
};
