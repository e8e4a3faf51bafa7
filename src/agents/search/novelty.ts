/**
 * What was there already. Equal content is known by a hash of its tokens; likeness by a small signature of fixed size: MinHash with one
 * hash of each shingle, the signature's bins keeping the least of theirs.
 */
import type { CandidateId } from '../../domain/ids.ts';
import { mix } from '../../platform/random.ts';
import { tokensOf } from './tokens.ts';
import type { DraftContent } from './entry.ts';

/** Error of a likeness near 1 / sqrt(bins): 0.09, enough to tell a copy from a relative. */
const BINS = 128;
/** Tokens side by side: `a[i] += x` in one, so that likeness is of phrases and not of vocabulary. */
const SHINGLE = 4;
/** Signatures held: 512 bytes each. What is older was forgotten by the elites too. */
const SIGNATURES_MAX = 2048;
/** Contents known by hash. The engine knows older ones by their id. */
const CONTENTS_MAX = 100_000;
const EMPTY = 0xffffffff;

export interface NoveltyView {
  readonly isNew: boolean;
  readonly nearest: number;
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
  const signatures: Uint32Array[] = [];
  let next = 0;

  const add = (draft: DraftContent, id: CandidateId | null): void => {
    const hashes = hashesOf(tokensOf(draft));
    const content = contentOf(hashes);
    const isKnown = contents.has(content);
    if (!isKnown || id !== null) contents.set(content, contents.get(content) ?? id);
    if (isKnown) return;
    for (const oldest of contents.keys()) {
      if (contents.size <= CONTENTS_MAX) break;
      contents.delete(oldest);
    }
    signatures[next] = signatureOf(hashes);
    next = (next + 1) % SIGNATURES_MAX;
  };

  const view = (draft: DraftContent): NoveltyView => {
    const hashes = hashesOf(tokensOf(draft));
    const content = contentOf(hashes);
    const isNew = !contents.has(content);
    if (!isNew) return { isNew, nearest: 1, of: contents.get(content) ?? null };
    const signature = signatureOf(hashes);
    return { isNew, nearest: signatures.reduce((most, held) => Math.max(most, likeness(signature, held)), 0), of: null };
  };

  return { add, view };
};

const hashesOf = (tokens: readonly string[]): Uint32Array => Uint32Array.from(tokens, hashText);

/** FNV-1a over UTF-16 units, mixed. */
const hashText = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
};

/** 52 bits in one number: two of 100,000 contents collide once in 10^6 searches. */
const contentOf = (hashes: Uint32Array): number => {
  let [low, high] = [1, 2];
  for (const hash of hashes) {
    low = mix(low ^ hash);
    high = mix((Math.imul(high, 31) + hash) >>> 0);
  }
  return (high & 0xfffff) * 2 ** 32 + low;
};

const signatureOf = (hashes: Uint32Array): Uint32Array => {
  const signature = new Uint32Array(BINS).fill(EMPTY);
  for (let i = 0; i + SHINGLE <= hashes.length; i++) {
    const shingle = hashes.subarray(i, i + SHINGLE).reduce((mixed, hash) => mix((Math.imul(mixed, 31) + hash) >>> 0), 0);
    const bin = shingle % BINS;
    signature[bin] = Math.min(signature[bin] ?? EMPTY, Math.floor(shingle / BINS));
  }
  return signature;
};

/** Bins that are equal / bins that either fills. */
const likeness = (a: Uint32Array, b: Uint32Array): number => {
  let [equal, filled] = [0, 0];
  for (let i = 0; i < BINS; i++) {
    if (a[i] === EMPTY && b[i] === EMPTY) continue;
    filled += 1;
    if (a[i] === b[i]) equal += 1;
  }
  return filled === 0 ? 0 : equal / filled;
};
