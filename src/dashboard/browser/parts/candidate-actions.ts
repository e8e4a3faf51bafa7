/** What may be done to one candidate: while it waits, cancel, pause and resume it; once it is judged, judge it again, ranked or not. */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Candidate } from '../../../domain/candidate.ts';
import { nextTrial } from '../../model/next-trial.ts';
import { ask } from '../live/api.ts';
import { go } from '../live/router.ts';
import { IS_SHARED } from '../live/share.ts';
import { Action } from './action.ts';
import { textField } from './elements.ts';

interface Props {
  readonly candidate: Candidate;
  readonly onDone: () => void;
}

export const CandidateActions = ({ candidate, onDone }: Props): JSX.Element | null => {
  if (IS_SHARED) return null;
  const { id, state, paused } = candidate;
  if (state.status === 'done') return h(JudgeAgain, { candidate, onDone });
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
  const [reason, setReason] = useState('');
  const { id } = candidate;
  return h(
    'details',
    { class: 'menu' },
    h('summary', { class: 'button' }, 'Judge again'),
    h(
      'div',
      { class: 'panel sheet' },
      h('p', null, 'As another trial: the verdict stays, and the new one is not ranked.'),
      h(Action, { label: 'Judge as another trial', run: async () => asTrial(candidate), onDone }),
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
    ),
  );
};

/** The same content under the next trial: a candidate of its own. */
const asTrial = async ({ id, submission }: Candidate): Promise<string> => {
  const source = await ask('GET', '/v1/candidates/:id/source', { params: { id } });
  const answer = await ask('POST', '/v1/candidates', { body: nextTrial(submission, source) });
  const [again] = answer.candidates;
  if (again !== undefined) go(`/candidates/${again.id}`);
  return 'submitted as another trial';
};
