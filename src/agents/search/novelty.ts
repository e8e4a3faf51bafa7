/**
 * What was there already: equal content is known by a hash of its tokens. Nearness is not asked about: what differs by a token from a failure is mostly its repair, and to judge it costs
 * less than the answer did.
 */
import type { CandidateId } from '../../domain/ids.ts';
import { mix } from '../../platform/random.ts';
import { tokensOf } from './tokens.ts';
import type { DraftContent } from './entry.ts';

/** Contents known by hash. The engine knows older ones by their id. */
const CONTENTS_MAX = 100_000;

export interface NoveltyView {
  readonly isNew: boolean;
  /** Whose content it is; null where it is new, or on its way to be judged. */
  readonly of: CandidateId | null;
}

export interface Novelty {
  /** `id`: null while it is on its way to be judged. */
  add(draft: DraftContent, id: CandidateId | null): void;
  view(draft: DraftContent): NoveltyView;
}

export const createNovelty = (): Novelty => {
  const contents = new Map<number, CandidateId | null>();

  const add = (draft: DraftContent, id: CandidateId | null): void => {
    const content = contentOf(draft);
    const isKnown = contents.has(content);
    if (!isKnown || id !== null) contents.set(content, contents.get(content) ?? id);
    if (isKnown) return;
    for (const oldest of contents.keys()) {
      if (contents.size <= CONTENTS_MAX) break;
      contents.delete(oldest);
    }
  };

  const view = (draft: DraftContent): NoveltyView => {
    const content = contentOf(draft);
    return { isNew: !contents.has(content), of: contents.get(content) ?? null };
  };

  return { add, view };
};

/** FNV-1a over UTF-16 units, mixed. */
const hashText = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
};

/** 52 bits in one number: two of 100,000 contents collide once in 10^6 searches. */
const contentOf = (draft: DraftContent): number => {
  let [low, high] = [1, 2];
  for (const hash of tokensOf(draft).map(hashText)) {
    low = mix(low ^ hash);
    high = mix((Math.imul(high, 31) + hash) >>> 0);
  }
  return (high & 0xfffff) * 2 ** 32 + low;
};
