/**
 * A page that was opened by a share link: "/shared/TOKEN/problems/softmax". What it may ask for is what the daemon opens by the same rule
 * (domain/share-scope.ts), so that it asks for nothing that is refused; links to elsewhere lead nowhere, and nothing can be done.
 */
import { options, type VNode } from 'preact';
import { isShared, SHARED_PREFIX, sharedThingOf } from '../../../domain/share-scope.ts';

const { pathname } = globalThis.location;
/** "/shared/TOKEN", or empty. */
export const SHARE_BASE = new RegExp(`^${SHARED_PREFIX}/[^/]+`, 'u').exec(pathname)?.[0] ?? '';
export const IS_SHARED = SHARE_BASE !== '';
const thing = IS_SHARED ? sharedThingOf(pathname.slice(SHARE_BASE.length)) : null;

/** Always true of a page that was opened with a token. `address`: of the API or of a page, as it is without the link. */
export const mayAsk = (address: string): boolean =>
  !IS_SHARED || (thing !== null && isShared(thing, address.split('?', 1)[0] ?? ''));

/** Links of a shared page keep its prefix; those to what is not shared become text, and buttons among them are left out. */
export const startShare = (): void => {
  if (!IS_SHARED) return;
  const before = options.vnode?.bind(options);
  options.vnode = (vnode) => {
    if (vnode.type === 'a') adapt(vnode);
    before?.(vnode);
  };
};

const adapt = (vnode: VNode): void => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of an anchor
  const props = vnode.props as { href?: string; class?: string; hidden?: boolean };
  const { href } = props;
  if (href === undefined || !href.startsWith('/') || href.startsWith(`${SHARE_BASE}/`)) return;
  if (mayAsk(href)) {
    props.href = `${SHARE_BASE}${href}`;
    return;
  }
  delete props.href;
  if (props.class?.includes('button') === true) props.hidden = true;
};
