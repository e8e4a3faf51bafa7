/** What limits a candidate's kernels. */
import { h, type JSX } from 'preact';
import type { KernelProfile } from '../../../domain/profile.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import type { JournalEvent } from '../../../domain/journal.ts';
import { profiledCase } from '../../../domain/text/profile-case.ts';
import { bytes, nanoseconds, percent } from '../../../domain/text/units.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { ask } from '../live/api.ts';
import { may } from '../live/caller.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Action } from './action.ts';
import { empty, failure, fields, loading, notice, Panel, shareBar } from './elements.ts';

/** Asked for only where there is one: a page that is as it should be leaves no error in the browser's console. */
const useProfile = (id: string) => {
  const on = ({ type, candidateId }: JournalEvent): boolean => type === 'profile.done' && candidateId === id;
  const origin = useAnswer(`origin ${id}`, () => ask('GET', '/v1/candidates/:id/origin', { params: { id } }), { on });
  const isThere = origin.data?.profiled ?? false;
  const profile = useAnswer(
    isThere ? `profile ${id}` : null,
    () => ask('GET', '/v1/candidates/:id/profile', { params: { id } }),
    { on },
  );
  return {
    data: profile.data,
    isMissing: origin.data !== null && !isThere,
    error: origin.error ?? profile.error,
    again: () => {
      origin.again();
      profile.again();
    },
  };
};

export const ProfilePanel = ({ candidate: { id } }: { readonly candidate: Candidate }): JSX.Element => {
  const { data, isMissing, error, again } = useProfile(id);
  const askFor = may('submit')
    ? h(Action, {
        label: data === null ? 'Profile it' : 'Profile again',
        run: async () => ask('POST', '/v1/candidates/:id/profile', { params: { id } }).then(() => 'asked'),
        onDone: again,
      })
    : null;
  if (isMissing) return h(Panel, { title: 'Profile' }, empty('Nobody asked for a profile yet.', askFor));
  if (error) return failure(error);
  if (data === null) return loading();
  const { state } = data;
  const raw =
    state.status === 'done' && state.rawBytes > 0
      ? h(
          'a',
          { class: 'button', href: `/v1/candidates/${id}/profile/raw`, download: `${id.slice(0, 10)}.ncu-rep` },
          `Nsight report, ${bytes(state.rawBytes)}`,
        )
      : null;
  return h(
    Panel,
    {
      title: 'Profile',
      ...(state.status === 'done' ? { note: `case ${profiledCase(state.summary)}, on ${state.summary.deviceModel}` } : {}),
      actions: [raw, askFor],
    },
    state.status === 'waiting' ? notice('info', plainLine(state.reason, 400)) : null,
    state.status === 'failed' ? notice('bad', plainLine(state.message, 2000)) : null,
    state.status === 'done' && state.summary.note !== null ? notice('warn', plainLine(state.summary.note, 600)) : null,
    state.status === 'done'
      ? h(
          'div',
          { class: 'columns' },
          state.summary.kernels.map((kernel, key) => h('div', { key }, kernelView(kernel))),
        )
      : null,
  );
};

const share = (value: number | null, className: string, label: string): JSX.Element | null =>
  value === null
    ? null
    : h(
        'span',
        { class: 'row' },
        h('span', { class: 'num' }, percent(value)),
        shareBar([{ name: label, part: value, className }], label),
      );

const kernelView = (kernel: KernelProfile): JSX.Element =>
  h(
    'div',
    { class: 'stack' },
    h('h3', null, h('code', null, plainLine(kernel.kernel, 100))),
    fields([
      ['Duration', kernel.durationNs === null ? null : nanoseconds(kernel.durationNs)],
      ['Memory, of peak', share(kernel.memoryPeakShare, 'i-checking', 'memory')],
      ['Arithmetic, of peak', share(kernel.computePeakShare, 'i-loading', 'arithmetic')],
      ['Occupancy, reached', share(kernel.occupancyAchieved, 'i-measuring', 'occupancy')],
      ['Occupancy, possible', share(kernel.occupancyTheoretical, 'i-measuring', 'occupancy')],
      ['Limited by', kernel.occupancyLimiter],
      ['L2 hits', share(kernel.l2HitRate, 'i-checking', 'L2 hits')],
      ['Bank conflicts', share(kernel.bankConflictShare, 'i-fault', 'bank conflicts')],
      ['Registers', kernel.registers === null ? null : `${kernel.registers} per thread`],
      ['Spills', kernel.spillBytes === null ? null : bytes(kernel.spillBytes)],
      ['Shared memory', kernel.sharedBytes === null ? null : `${bytes(kernel.sharedBytes)} per block`],
      ...kernel.stalls.map(({ reason, share: part }) => [`Stalls: ${reason}`, share(part, 'i-waiting', reason)] as const),
    ]),
  );
