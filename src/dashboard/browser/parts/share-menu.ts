/** Makes a link by which whoever has it sees this page as it is now, to read; and ends those that were made. */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type Answer, ask } from '../live/api.ts';
import { may } from '../live/caller.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Action } from './action.ts';
import { CopyButton, failure, name, select } from './elements.ts';
import { Menu } from './menu.ts';
import { moment } from './time.ts';

const DAYS = [
  ['1', '1 day'],
  ['7', '7 days'],
  ['30', '30 days'],
  ['90', '90 days'],
] as const;

type Created = Answer<'/v1/shares', 'POST'>;

export const ShareMenu = (): JSX.Element | null => {
  if (!may('submit')) return null;
  return h(Menu, { label: 'Share', sheet: () => h(ShareForm, null) });
};

const ShareForm = (): JSX.Element => {
  const [days, setDays] = useState<(typeof DAYS)[number][0]>('7');
  const [made, setMade] = useState<Created | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const shares = useAnswer('shares', () => ask('GET', '/v1/shares'));
  const { pathname, search, origin } = globalThis.location;
  const make = async (): Promise<void> => {
    try {
      setMade(await ask('POST', '/v1/shares', { body: { page: `${pathname}${search}`, days: Number(days) } }));
      setError(null);
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    }
    shares.again();
  };
  return h(
    'div',
    { class: 'panel sheet' },
    h(
      'p',
      null,
      'Whoever has the link sees this page, with what is chosen on it, and can change nothing. No other page is opened.',
    ),
    h(
      'div',
      { class: 'filters' },
      select({ label: 'For', value: days, of: DAYS, onChoose: setDays }),
      h('button', { type: 'button', class: 'primary', onClick: () => void make() }, 'Make a link'),
    ),
    error ? failure(error) : null,
    made === null
      ? null
      : h(
          'div',
          { class: 'notice good', role: 'status' },
          h('code', { class: 'wrap' }, `${origin}${made.path}`),
          h(CopyButton, { text: `${origin}${made.path}`, label: 'Copy link' }),
          h('p', { class: 'soft small' }, `until ${moment(made.expiresAt)}; it is shown this once`),
        ),
    h(OpenLinks, { shares: shares.data?.shares ?? [], page: pathname, onRevoked: shares.again }),
  );
};

interface OpenLinksProps {
  readonly shares: Answer<'/v1/shares'>['shares'];
  readonly page: string;
  readonly onRevoked: () => void;
}

const OpenLinks = ({ shares, page, onRevoked }: OpenLinksProps): JSX.Element | null => {
  const own = shares.filter((share) => share.revokedAt === null && share.page.split('?', 1)[0] === page);
  if (own.length === 0) return null;
  return h(
    'div',
    null,
    h('p', { class: 'soft small' }, 'Links to this page:'),
    own.map(({ id, expiresAt, note }) =>
      h(
        'div',
        { key: id, class: 'row small' },
        h('span', { class: 'mono' }, id.slice(0, 8)),
        h('span', { class: 'soft' }, `until ${moment(expiresAt)}`),
        name(note, 30),
        h(Action, {
          label: 'Revoke',
          run: async () => ask('DELETE', '/v1/shares/:share', { params: { share: id } }).then(() => 'revoked'),
          onDone: onRevoked,
        }),
      ),
    ),
  );
};
