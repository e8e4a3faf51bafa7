/**
 * What a runner was told of plans on one connection: most candidates of a sweep are launched by few plans, so each is sent once, under its
 * hash, and tasks name it. The runner keeps as many as `PLANS_TOLD_MAX` of `domain/protocol.ts`, the last that it was told, and so does this side.
 */
import { hash } from 'node:crypto';
import { ContentHash } from '../domain/ids.ts';
import { type JudgeTask, PLANS_TOLD_MAX } from '../domain/protocol.ts';
import { BoundedMap } from '../platform/bounded-map.ts';

type Plans = JudgeTask['plans'];

export interface ToldPlans {
  /** The key of these plans, and whether the runner has yet to be told what it stands for. */
  readonly tell: (plans: Plans) => { readonly key: ContentHash; readonly isNew: boolean };
}

export const createToldPlans = (): ToldPlans => {
  const told = new BoundedMap<ContentHash, true>(PLANS_TOLD_MAX);
  return {
    tell: (plans) => {
      const key = keyOf(plans);
      if (told.has(key)) return { key, isNew: false };
      told.set(key, true);
      return { key, isNew: true };
    },
  };
};

/** Plans do not change once they are resolved, and the trials of a candidate share theirs. */
const keys = new WeakMap<Plans, ContentHash>();

const keyOf = (plans: Plans): ContentHash => {
  const known = keys.get(plans);
  if (known) return known;
  const key = ContentHash.parse(hash('sha256', JSON.stringify(plans)));
  keys.set(plans, key);
  return key;
};
