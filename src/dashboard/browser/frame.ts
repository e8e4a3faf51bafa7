/** What stays while pages change: the ways between them, whether the page is live, and light or dark. */
import { h, type JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { plainLine } from '../../platform/printable-text.ts';
import { caller } from './live/caller.ts';
import { connection } from './live/events.ts';
import { path } from './live/router.ts';
import { nextTheme, theme } from './live/theme.ts';
import { IS_SHARED } from './live/share.ts';
import { pageOf } from './pages/pages.ts';
import { SharedNote } from './parts/shared-note.ts';

const WAYS = [
  ['/', 'Overview'],
  ['/fleet', 'Fleet'],
  ['/problems', 'Problems'],
  ['/candidates', 'Candidates'],
  ['/sweeps', 'Sweeps'],
  ['/campaigns', 'Campaigns'],
  ['/submit', 'Submit'],
] as const;

const LIVE = { connecting: 'connecting', live: 'live', lost: 'no connection, trying again' } as const;
const THEMES = { system: 'Theme: system', light: 'Theme: light', dark: 'Theme: dark' } as const;

const iconAddress = document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href ?? '';

export const Frame = (): JSX.Element => {
  // Made once for a path: another function is another component, which would begin anew whenever the frame changes.
  const page = useMemo(() => pageOf(path.value), [path.value]);
  useEffect(() => {
    document.title = page.title === '' ? 'Kiln' : `${page.title} · Kiln`;
  }, [page.title]);
  return h(
    'div',
    { class: 'frame' },
    h('a', { class: 'skip', href: '#main' }, 'To the content'),
    h(
      'header',
      { class: 'side' },
      h('a', { href: '/', class: 'brand' }, h('img', { src: iconAddress, alt: '' }), 'Kiln'),
      IS_SHARED
        ? h(SharedNote, null)
        : h(
            'nav',
            { 'aria-label': 'Pages' },
            WAYS.map(([href, text]) =>
              h('a', { key: href, href, ...(isHere(href) ? { 'aria-current': 'page' as const } : {}) }, text),
            ),
          ),
      h(
        'div',
        { class: 'foot' },
        IS_SHARED ? null : h('span', { class: `live ${connection.value}`, role: 'status' }, h('i', null), LIVE[connection.value]),
        h('button', { type: 'button', class: 'quiet', onClick: nextTheme }, THEMES[theme.value]),
        IS_SHARED ? null : h('a', { href: '/docs' }, 'API'),
        caller.value === null
          ? null
          : h(
              'a',
              { href: '/sign-in', 'aria-label': `Signed in as ${plainLine(caller.value.name, 63)}, role ${caller.value.role}` },
              `${plainLine(caller.value.name, 20)} (${caller.value.role})`,
            ),
      ),
    ),
    h('main', { id: 'main', tabIndex: -1 }, h(page.Page, { key: page.key })),
  );
};

const isHere = (href: string): boolean =>
  href === '/' ? path.value === '/' : path.value === href || path.value.startsWith(`${href}/`);
