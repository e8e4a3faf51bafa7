/**
 * Resolutions of the last candidates, by what they follow from. A candidate is resolved when it is submitted and again for the device that
 * takes it, and its trials have the same source and params: all of them share one plan, and one unit an architecture.
 */
import { hash } from 'node:crypto';
import type { CandidateInput, CandidateResult } from './candidate-resolution.ts';

/** Candidates of one problem, and characters of their sources. */
const RESOLUTIONS_MAX = 4096;
const SOURCE_CHARS_MAX = 32 * 1024 * 1024;

/** By architecture: a fleet has a few. */
type Resolution = Map<string, CandidateResult>;
interface Memo {
  readonly byKey: Map<string, { readonly resolution: Resolution; readonly chars: number }>;
  chars: number;
}

const memos = new WeakMap<object, Memo>();

/** `problem` is the identity of what is resolved against. `resolve` runs for what is not remembered. */
export const remembered = (problem: object, input: CandidateInput, resolve: () => CandidateResult): CandidateResult => {
  const memo = memos.get(problem) ?? { byKey: new Map(), chars: 0 };
  memos.set(problem, memo);
  const resolution = take(memo, input);
  const known = resolution.get(input.architecture);
  if (known) return known;
  const [other] = resolution.values();
  const result = other ? retargeted(other, input.architecture) : resolve();
  resolution.set(input.architecture, result);
  return result;
};

/** Its resolution, now the last one to be forgotten. */
const take = (memo: Memo, input: CandidateInput): Resolution => {
  const { source } = input.content;
  const key = keyOf(input);
  const entry = memo.byKey.get(key) ?? { resolution: new Map<string, CandidateResult>(), chars: source.length };
  drop(memo, key);
  memo.byKey.set(key, entry);
  memo.chars += entry.chars;
  for (const oldest of memo.byKey.keys()) {
    if (memo.byKey.size <= RESOLUTIONS_MAX && memo.chars <= SOURCE_CHARS_MAX) break;
    drop(memo, oldest);
  }
  return entry.resolution;
};

/** By the content itself, which does not change: the same is resolved when it is submitted and for the device that takes it. */
const keys = new WeakMap<CandidateInput['content'], { readonly target: string; readonly key: string }>();

const keyOf = ({ target, content }: CandidateInput): string => {
  const known = keys.get(content);
  if (known?.target === target) return known.key;
  const { language, source, params } = content;
  const key = hash('sha256', JSON.stringify([target, language, params, source]), 'base64');
  keys.set(content, { target, key });
  return key;
};

const drop = (memo: Memo, key: string): void => {
  memo.chars -= memo.byKey.get(key)?.chars ?? 0;
  memo.byKey.delete(key);
};

/** The architecture changes nothing but the unit's own field. */
const retargeted = (result: CandidateResult, architecture: string): CandidateResult =>
  result.ok ? { ...result, unit: { ...result.unit, architecture } } : result;
