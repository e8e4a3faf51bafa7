/** What the document brought: the answers to what its page asks first, and the place in the journal that they are as of. */
import { IS_SHARED } from './share.ts';

interface First {
  readonly sequence: number;
  readonly date: string;
  readonly answers: Readonly<Record<string, unknown>>;
}

const read = (): First | null => {
  const text = document.querySelector('#first')?.textContent ?? '';
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the daemon's own, written by the same contracts as its answers
  return text === '' || IS_SHARED ? null : (JSON.parse(text) as First);
};

const first = read();
const left = new Map(Object.entries(first?.answers ?? {}));
/** Whoever asks later wants to know how it is then. */
const FRESH_MS = 5000;

/** Events after this one are still to be told; null: of all before it nothing is known either. */
export const firstSequence: number | null = first?.sequence ?? null;
/** When the answers were made, as a header says it. */
export const firstDate: string | null = first?.date ?? null;

/** Once each: asked again, it is asked of the daemon. */
export const takeFirst = (address: string): { readonly answer: unknown } | null => {
  if (!left.has(address) || performance.now() > FRESH_MS) return null;
  const answer = left.get(address);
  left.delete(address);
  return { answer };
};
