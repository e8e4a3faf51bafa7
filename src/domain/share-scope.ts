/**
 * What a share link opens: one page of the dashboard, and of the API what that page reads. Pure, and without zod: the page itself asks it what
 * it may ask for.
 */

export type SharedThing =
  | { readonly kind: 'problem'; readonly name: string }
  | { readonly kind: 'candidate' | 'sweep' | 'campaign'; readonly id: string };

export const SHARED_PREFIX = '/shared';

const KINDS: Readonly<Record<string, 'candidate' | 'sweep' | 'campaign'>> = {
  c: 'candidate',
  s: 'sweep',
  k: 'campaign',
};
const FOLDERS = { candidate: 'candidates', sweep: 'sweeps', campaign: 'campaigns' } as const;
const ID_PAGE = /^\/(candidates|sweeps|campaigns)\/(([csk])-[0-9a-f]{4,32})$/u;
const PROBLEM_PAGE = /^\/problems\/([^/]+)$/u;

/** Below the address of the thing itself. Whatever is not named stays closed: other candidates, hosts and why something waits for them, the queue, the events. */
const PARTS = {
  problem: ['', '/ranking', '/progress'],
  candidate: ['', '/source', '/plan', '/origin', '/profile'],
  sweep: ['', '/points'],
  campaign: ['', '/generations', '/report'],
} as const;
const PROBLEM_IMAGES = ['ranking.svg', 'progress.svg', 'badge.svg'] as const;
/** What a shared page asks about its own link. */
export const OWN_SHARE_PATH = '/v1/share';

/** Of a page's path; null for a page that cannot be shared. */
export const sharedThingOf = (path: string): SharedThing | null => {
  const [, folder, id, letter = ''] = ID_PAGE.exec(path) ?? [];
  const kind = KINDS[letter];
  if (kind !== undefined && id !== undefined) return FOLDERS[kind] === folder ? { kind, id } : null;
  const encoded = PROBLEM_PAGE.exec(path)?.[1];
  const name = encoded === undefined ? null : decoded(encoded);
  return name === null ? null : { kind: 'problem', name };
};

export const pageOf = (thing: SharedThing): string =>
  thing.kind === 'problem' ? `/problems/${encodeURIComponent(thing.name)}` : `/${FOLDERS[thing.kind]}/${thing.id}`;

/** `path` as it stands in the request, still encoded: only what is spelled as Kiln spells it is opened. */
export const isShared = (thing: SharedThing, path: string): boolean => {
  const page = pageOf(thing);
  if (path === page || path === OWN_SHARE_PATH) return true;
  const parts: readonly string[] = PARTS[thing.kind];
  if (parts.some((part) => path === `/v1${page}${part}`)) return true;
  return thing.kind === 'problem' && PROBLEM_IMAGES.some((image) => path === `/images${page}/${image}`);
};

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
};
