/** What may be done to one candidate: while it waits, cancel, pause and resume it; once it is judged, judge it again, ranked or not. */
import { Fragment, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Candidate } from '../../../domain/candidate.ts';
import { nextTrial } from '../../model/next-trial.ts';
import { ask } from '../live/api.ts';
import { may, maySteer, nameFor } from '../live/caller.ts';
import { go } from '../live/router.ts';
import { Action } from './action.ts';
import { textField } from './elements.ts';

interface Props {
  readonly candidate: Candidate;
  readonly onDone: () => void;
}

export const CandidateActions = ({ candidate, onDone }: Props): JSX.Element | null => {
  const { id, state, paused, submission } = candidate;
  if (state.status === 'done') return may('submit') ? h(JudgeAgain, { candidate, onDone }) : null;
  if (!maySteer(submission.submitter)) return null;
  const select = { ids: [id] };
  return h(
    'span',
    { class: 'row' },
    paused === null
      ? h(Action, {
          label: 'Pause',
          run: async () => steeredText('paused', await ask('POST', '/v1/queue/pause', { body: { select } })),
          onDone,
        })
      : h(Action, {
          label: 'Resume',
          run: async () => steeredText('goes on', await ask('POST', '/v1/queue/resume', { body: { select } })),
          onDone,
        }),
    h(Action, {
      label: 'Cancel',
      run: async () => ask('DELETE', '/v1/candidates/:id', { params: { id } }).then(() => 'cancelled'),
      onDone,
    }),
  );
};

interface Steered {
  readonly changed: number;
  readonly unchanged: readonly { readonly reason: string }[];
}

const steeredText = (done: string, { changed, unchanged }: Steered): string =>
  changed > 0 ? done : (unchanged[0]?.reason ?? 'nothing was changed');

/** A verdict is final unless somebody says why it should not be; as another trial, it stays and the new one is not ranked. */
const JudgeAgain = ({ candidate, onDone }: Props): JSX.Element => {
  const { submitter } = candidate.submission;
  return h(
    'details',
    { class: 'menu' },
    h('summary', { class: 'button' }, 'Judge again'),
    h(
      'div',
      { class: 'panel sheet' },
      h('p', null, 'As another trial: the verdict stays, and the new one is not ranked.'),
      h(Action, { label: 'Judge as another trial', run: async () => asTrial(candidate), onDone }),
      maySteer(submitter) ? h(TakeBack, { candidate, onDone }) : null,
    ),
  );
};

const TakeBack = ({ candidate: { id }, onDone }: Props): JSX.Element => {
  const [reason, setReason] = useState('');
  return h(
    Fragment,
    null,
    h('p', null, 'Or take the verdict back, with the record that it may hold. The reason stays with the candidate.'),
    textField({ label: 'Why', className: 'stack small', maxLength: 500, value: reason, onType: setReason }),
    reason.trim() === ''
      ? null
      : h(Action, {
          label: 'Take the verdict back and judge again',
          run: async () =>
            steeredText(
              'judged again',
              await ask('POST', '/v1/queue/rejudge', { body: { select: { ids: [id] }, reason: reason.trim() } }),
            ),
          onDone,
        }),
  );
};

/** The same content under the next trial: a candidate of its own. */
const asTrial = async ({ id, submission }: Candidate): Promise<string> => {
  const source = await ask('GET', '/v1/candidates/:id/source', { params: { id } });
  const answer = await ask('POST', '/v1/candidates', {
    body: { ...nextTrial(submission, source), submitter: nameFor(submission.submitter) },
  });
  const [again] = answer.candidates;
  if (again !== undefined) go(`/candidates/${again.id}`);
  return 'submitted as another trial';
};
