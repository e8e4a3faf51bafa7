/** The address is the state: whatever is chosen on a page stands in it, so that it can be kept, reloaded and sent. */
import { computed, signal } from '@preact/signals';
import { IS_SHARED, SHARE_BASE } from './share.ts';

/** Of the page, without the share link that it may have been opened by. */
const here = (): string => `${withoutLink(globalThis.location.pathname)}${globalThis.location.search}`;
const withoutLink = (pathname: string): string =>
  IS_SHARED && pathname.startsWith(`${SHARE_BASE}/`) ? pathname.slice(SHARE_BASE.length) : pathname;
const address = signal(here());

export const path = computed(() => address.value.split('?', 1)[0] ?? '/');
export const query = computed(() => new URLSearchParams(address.value.split('?')[1] ?? ''));

export const go = (href: string, { replace = false }: { readonly replace?: boolean } = {}): void => {
  const full = `${SHARE_BASE}${href}`;
  if (replace) history.replaceState(null, '', full);
  else history.pushState(null, '', full);
  address.value = here();
};

/** The address of this page with these values; null or empty takes one away. */
export const hrefWith = (values: Readonly<Record<string, string | null>>): string => {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  return `${path.value}${next.size === 0 ? '' : `?${next.toString()}`}`;
};

/** Sets values of the address in place: choosing a filter is no step that "back" undoes. */
export const choose = (values: Readonly<Record<string, string | null>>): void => go(hrefWith(values), { replace: true });

const OUR_PAGES = /^\/(?:$|fleet\b|problems\b|candidates\b|sweeps\b|campaigns\b|submit\b)/u;

export const startRouter = (): void => {
  globalThis.addEventListener('popstate', () => {
    address.value = here();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.origin !== globalThis.location.origin || link.target !== '' || link.hasAttribute('download'))
      return;
    const pathname = withoutLink(link.pathname);
    if (!OUR_PAGES.test(pathname)) return;
    event.preventDefault();
    const isSamePage = link.pathname === globalThis.location.pathname;
    go(`${pathname}${link.search}`);
    if (!isSamePage) {
      globalThis.scrollTo(0, 0);
      // Whoever listens to the page hears its title, and goes on from there with the keyboard.
      document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
    }
  });
};
