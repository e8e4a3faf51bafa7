/**
 * Which plans a runner was sent on one connection: most candidates of a sweep are launched by few plans, so each is sent once, under its
 * hash, and tasks name it. The runner keeps as many as `PLANS_KEPT_MAX` of `domain/protocol.ts`, the last that it was sent, and so does this side.
 */
import { hash } from 'node:crypto';
import { ContentHash } from '../domain/ids.ts';
import { type JudgeTask, PLANS_KEPT_MAX } from '../domain/protocol.ts';
import { BoundedMap } from '../platform/bounded-map.ts';

type Plans = JudgeTask['plans'];

export interface SentPlans {
  /** The key of these plans, and whether it is yet to be sent. */
  readonly keyOf: (plans: Plans) => { readonly key: ContentHash; readonly isNew: boolean };
}

export const createSentPlans = (): SentPlans => {
  const sent = new BoundedMap<ContentHash, true>(PLANS_KEPT_MAX);
  return {
    keyOf: (plans) => {
      const key = hashOf(plans);
      if (sent.has(key)) return { key, isNew: false };
      sent.set(key, true);
      return { key, isNew: true };
    },
  };
};

/** Plans do not change once they are resolved, and the trials of a candidate share theirs. */
const keys = new WeakMap<Plans, ContentHash>();

const hashOf = (plans: Plans): ContentHash => {
  const known = keys.get(plans);
  if (known) return known;
  const key = ContentHash.parse(hash('sha256', JSON.stringify(plans)));
  keys.set(plans, key);
  return key;
};
