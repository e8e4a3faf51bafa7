/** Finds what is to be steered, a page at a time. */
import type { Selection } from '../../domain/api/steering.ts';
import { KilnError } from '../../domain/errors.ts';
import type { SelectedCandidate } from '../../domain/ports/store-rows.ts';
import type { Store } from '../../domain/ports/store.ts';

const PAGE = 1000;

type Reads = Pick<Store, 'selected' | 'idsWithPrefix'>;

/** In submission order; what changes meanwhile is met as it is then. */
export async function* pagesOf(
  store: Reads,
  select: Selection,
  { isDone }: { readonly isDone: boolean },
): AsyncGenerator<readonly SelectedCandidate[]> {
  let after: string | null = null;
  for (;;) {
    const page: readonly SelectedCandidate[] = await store.selected({ select, isDone, after, limit: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.order ?? null;
  }
}

/** Throws NOT_FOUND where something is named that is not there. Returns how many of the ids are on the other side: done, or not done. */
export const countElsewhere = async (
  store: Reads,
  select: Selection,
  { isDone }: { readonly isDone: boolean },
): Promise<number> => {
  for (const [name, id] of Object.entries({ sweep: select.sweep, campaign: select.campaign })) {
    if (id === undefined || (await store.idsWithPrefix(id, 1)).length > 0) continue;
    throw new KilnError('NOT_FOUND', `there is no ${name} ${id}`, { details: { field: `select.${name}` } });
  }
  if (!select.ids) return 0;
  const limit = select.ids.length;
  const on = async (side: boolean): Promise<readonly SelectedCandidate[]> =>
    store.selected({ select: { ids: select.ids }, isDone: side, after: null, limit });
  // One after the other, in this order: what is done between the two is found by the second.
  const [open, done] = [await on(false), await on(true)];
  const known = new Set([...open, ...done].map(({ id }) => id));
  const unknown = select.ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return (isDone ? open : done).length;
  throw new KilnError('NOT_FOUND', `there is no candidate ${unknown.slice(0, 8).join(', ')}; nothing was changed`, {
    details: { field: 'select.ids', unknown },
  });
};
