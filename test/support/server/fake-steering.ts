/** Candidates in memory that are steered: as the engine does it, without a queue. */
import type { Steered, Steering, SteeringRequest } from '../../../src/domain/api/steering.ts';
import type { Why } from '../../../src/domain/api/why.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import type { CandidateId } from '../../../src/domain/ids.ts';
import type { Candidate } from '../../../src/domain/candidate.ts';

const AT = '2026-01-02T03:04:05.000Z';

interface Parts {
  readonly records: Map<CandidateId, Candidate>;
  readonly cancel: (id: CandidateId) => void;
}

export const createFakeSteering =
  ({ records, cancel }: Parts) =>
  (action: Steering, { select, dryRun, reason, priority = 0 }: SteeringRequest): Steered => {
    const unknown = (select.ids ?? []).filter((id) => !records.has(id));
    if (unknown.length > 0 || select.sweep || select.campaign)
      throw new KilnError('NOT_FOUND', `there is no candidate ${unknown.join(', ')}; nothing was changed`);
    const isDone = action === 'rejudge';
    const fitting = [...records.values()].filter((record) => isSelected(record, select));
    const here = fitting.filter(({ state }) => (state.status === 'done') === isDone);
    const elsewhere = select.ids ? fitting.length - here.length : 0;
    const changed = here.filter((record) => isNews(record, { action, priority }));
    const candidates = changed.map(rowOf);
    if (!dryRun) for (const record of changed) change(record);
    return {
      action,
      dryRun,
      matched: here.length + elsewhere,
      changed: changed.length,
      unchanged: [
        { reason: isDone ? 'they are not done yet' : 'they are done', count: elsewhere },
        { reason: action === 'pause' ? 'they are paused already' : 'they are not paused', count: here.length - changed.length },
      ].filter(({ count }) => count > 0),
      candidates,
    };

    function change(record: Candidate): void {
      const { id, submission } = record;
      if (action === 'cancel') cancel(id);
      if (action === 'pause') records.set(id, { ...record, paused: { at: AT, reason: reason ?? null } });
      if (action === 'resume') records.set(id, { ...record, paused: null });
      if (action === 'reprioritise') records.set(id, { ...record, submission: { ...submission, priority } });
      if (action === 'rejudge') records.set(id, { ...record, state: { status: 'queued' }, score: null });
    }
  };

const isSelected = ({ id, state, submission }: Candidate, select: SteeringRequest['select']): boolean =>
  (select.ids?.includes(id) ?? true) &&
  (select.submitter ?? submission.submitter) === submission.submitter &&
  (select.problem ?? submission.problem) === submission.problem &&
  (select.device ?? submission.device) === submission.device &&
  (select.status ?? state.status) === state.status;

const isNews = (
  { paused, submission }: Candidate,
  { action, priority }: { readonly action: Steering; readonly priority: number },
): boolean => {
  if (action === 'pause') return paused === null;
  if (action === 'resume') return paused !== null;
  return action !== 'reprioritise' || submission.priority !== priority;
};

const rowOf = ({ id, submission, state }: Candidate): Steered['candidates'][number] => {
  const { problem, device, submitter, priority } = submission;
  const verdict = state.status === 'done' ? state.outcome.verdict : null;
  return { id, problem, device, submitter, priority, status: state.status, verdict };
};

/** No host is there. */
export const fakeWhy = ({ id, state, submission, paused }: Candidate): Why => {
  const base = { id, status: state.status, position: null, devices: [], eta: null, notes: [] };
  if (state.status === 'done')
    return { ...base, code: 'done', summary: `it waits for nothing: its verdict is ${state.outcome.verdict}`, todo: null };
  if (paused)
    return { ...base, code: 'paused', summary: `it is paused since ${paused.at}`, todo: 'kiln resume lets it be judged' };
  const summary = `no host of the fleet has the device class ${submission.device}; it has none yet`;
  return { ...base, code: 'no_host_of_class', summary, todo: 'add a host' };
};
