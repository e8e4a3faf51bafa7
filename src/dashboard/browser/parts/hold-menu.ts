/** Takes a host, or one device of it, from work, and back: with a reason, and with a word on what becomes of what runs there. */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { HostView } from '../../../domain/api/fleet.ts';
import type { Hold } from '../../../domain/hosts/hold.ts';
import type { DeviceId } from '../../../domain/ids.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { holdEffects } from '../../model/hold-effects.ts';
import { ask } from '../live/api.ts';
import { may } from '../live/caller.ts';
import { Action } from './action.ts';
import { segmented, textField } from './elements.ts';
import { Menu } from './menu.ts';
import { moment } from './time.ts';

interface Props {
  readonly hosts: readonly HostView[];
  readonly host: string;
  /** Null: the whole host. */
  readonly device: DeviceId | null;
  readonly onDone: () => void;
}

const VERBS = [
  ['cordoned', 'Cordon'],
  ['draining', 'Drain'],
  ['quarantined', 'Quarantine'],
] as const satisfies readonly (readonly [Hold['state'], string])[];

const MEANINGS: Readonly<Record<Hold['state'], string>> = {
  cordoned: 'It gets no new work until somebody resumes it.',
  draining: 'It gets no new work, so that it can be taken away once nothing runs there any more.',
  quarantined: 'It gets no new work, since it is not trusted, until somebody resumes it.',
};

const REASON_CHARS_MAX = 500;

export const HoldMenu = (props: Props): JSX.Element | null =>
  !may('admin')
    ? null
    : h(Menu, {
        label: 'Take from work',
        spoken: `Take from work: ${subjectOf(props)}`,
        sheet: () => h(HoldForm, props),
      });

const HoldForm = (props: Props): JSX.Element => {
  const { hosts, host, device, onDone } = props;
  const [state, setState] = useState<Hold['state']>('cordoned');
  const [reason, setReason] = useState('');
  const verb = VERBS.find(([key]) => key === state)?.[1] ?? 'Cordon';
  const hold = async (): Promise<string> => {
    await ask('POST', '/v1/hosts/:host/hold', { params: { host }, body: { state, reason: reason.trim(), device } });
    return state;
  };
  return h(
    'div',
    { class: 'panel sheet' },
    segmented({ label: 'How', value: state, of: VERBS, onChoose: setState }),
    h('p', null, MEANINGS[state]),
    h(
      'ul',
      { class: 'small' },
      holdEffects(hosts, host, device).map((effect) => h('li', { key: effect }, effect)),
    ),
    reasonField(reason, setReason),
    reason.trim() === '' ? null : h(Action, { label: `${verb} ${subjectOf(props)}`, run: hold, onDone }),
  );
};

export const ResumeMenu = (props: Omit<Props, 'hosts'>): JSX.Element | null =>
  !may('admin') ? null : h(Menu, { label: 'Resume', spoken: `Resume ${subjectOf(props)}`, sheet: () => h(ResumeForm, props) });

const ResumeForm = (props: Omit<Props, 'hosts'>): JSX.Element => {
  const { host, device, onDone } = props;
  const [reason, setReason] = useState('');
  const release = async (): Promise<string> => {
    await ask('POST', '/v1/hosts/:host/release', { params: { host }, body: { reason: reason.trim(), device } });
    return 'takes work again';
  };
  return h(
    'div',
    { class: 'panel sheet' },
    h(
      'p',
      null,
      device === null ? 'The host and all of its devices take work again, whatever held them.' : 'The device takes work again.',
    ),
    reasonField(reason, setReason),
    reason.trim() === '' ? null : h(Action, { label: `Resume ${subjectOf(props)}`, run: release, onDone }),
  );
};

const subjectOf = ({ host, device }: Pick<Props, 'host' | 'device'>): string =>
  plainLine(device === null ? host : `${host}/${device}`, 60);

const reasonField = (value: string, onType: (value: string) => void): JSX.Element =>
  textField({
    label: 'Why (shown to everybody, and kept in the journal)',
    className: 'stack small',
    maxLength: REASON_CHARS_MAX,
    value,
    onType,
  });

/** Since when, by whom, and why. */
export const HoldNote = ({ hold }: { readonly hold: Hold }): JSX.Element =>
  h(
    'p',
    { class: `notice small ${hold.state === 'quarantined' ? 'bad' : 'warn'}` },
    h('span', null, h('strong', null, hold.state), ` since ${moment(hold.since)} by ${plainLine(hold.by, 120)}: `),
    h('bdi', null, plainLine(hold.reason, REASON_CHARS_MAX)),
  );
