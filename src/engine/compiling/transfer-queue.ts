/**
 * Requests to one host about artifacts: each artifact is asked for once, however many wait for it, and a bounded number is under way.
 *
 * An artifact is absent -> waiting (others are under way) -> under way (`start` sent it) -> answered: everybody who waited is called, once,
 * and it is absent again. `drop` answers all of them.
 */
import type { ContentHash } from '../../domain/ids.ts';

/** Times BUNDLE_BYTES_MAX this is below what a connection may hold unsent, on either side. */
const UNDER_WAY_MAX = 12;

/** `failure` null: done. */
export type Answer = (failure: string | null) => void;

export interface TransferQueue {
  ask(artifact: ContentHash, answer: Answer): void;
  /** One that nobody asked for changes nothing. */
  answered(artifact: ContentHash, failure: string | null): void;
  /** The host is gone. */
  drop(failure: string): void;
}

/** `start` sends the request; a text says why it could not. */
export const createTransferQueue = (
  start: (artifact: ContentHash) => string | null,
  underWayMax = UNDER_WAY_MAX,
): TransferQueue => {
  const answers = new Map<ContentHash, Answer[]>();
  const waiting = new Set<ContentHash>();

  const answered = (artifact: ContentHash, failure: string | null): void => {
    const asked = answers.get(artifact) ?? [];
    answers.delete(artifact);
    waiting.delete(artifact);
    for (const answer of asked) answer(failure);
    pump();
  };

  const pump = (): void => {
    for (const artifact of waiting) {
      if (answers.size - waiting.size >= underWayMax) return;
      waiting.delete(artifact);
      const failure = start(artifact);
      if (failure !== null) answered(artifact, failure);
    }
  };

  return {
    ask: (artifact, answer) => {
      const others = answers.get(artifact);
      if (others) return void others.push(answer);
      answers.set(artifact, [answer]);
      waiting.add(artifact);
      pump();
    },
    answered,
    drop: (failure) => {
      const asked = [...answers.values()].flat();
      answers.clear();
      waiting.clear();
      for (const answer of asked) answer(failure);
    },
  };
};
