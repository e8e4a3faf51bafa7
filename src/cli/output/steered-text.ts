import type { Steered, Steering } from '../../domain/api/steering.ts';
import { table } from './table.ts';

const DONE: Readonly<Record<Steering, string>> = {
  cancel: 'cancelled',
  pause: 'paused',
  resume: 'resumed',
  reprioritise: 'given the priority',
  rejudge: 'judged again',
};

/** What was done, to whom, and why not to the others. */
export const steeredText = (steered: Steered): string =>
  [
    headline(steered),
    ...steered.unchanged.map(({ reason, count }) => `${count} stay as they are: ${reason}`),
    candidateTable(steered),
  ]
    .filter((part) => part !== '')
    .join('\n');

const headline = ({ action, dryRun, matched, changed }: Steered): string => {
  if (matched === 0) return 'no candidate meets that; kiln list shows those there are';
  const done = `${changed} of ${matched} ${matched === 1 ? 'candidate' : 'candidates'}`;
  return dryRun ? `${done} would be ${DONE[action]}; nothing was changed` : `${done} ${DONE[action]}`;
};

const candidateTable = ({ changed, candidates }: Steered): string => {
  if (candidates.length === 0) return '';
  const rows = candidates.map(({ id, problem, device, submitter, priority, status, verdict }) => [
    id,
    problem,
    device,
    submitter,
    String(priority),
    verdict ?? status,
  ]);
  const titles = ['CANDIDATE', 'PROBLEM', 'DEVICE', 'SUBMITTER', 'PRIORITY', 'WAS'];
  const more = changed > candidates.length ? `\nand ${changed - candidates.length} more` : '';
  return `${table(
    titles.map((title) => ({ title })),
    rows,
  )}${more}`;
};
