import { describe, expect, test } from 'vitest';
import { createConversation } from '../../../../src/agents/search/conversation.ts';
import { candidateId } from '../../../support/agents/generation-context.ts';

const [a, b, c] = [candidateId(1), candidateId(2), candidateId(3)];
const passed = (candidateId_: typeof a, speedup: number) => ({
  candidateId: candidateId_,
  verdict: 'passed' as const,
  speedup,
  move: 'improve' as const,
});

describe('a conversation', () => {
  test('begins anew, and then goes on from its best candidate with all of its turns', () => {
    const talk = createConversation({ turnsMax: 4 });
    expect(talk.next(0)).toBeNull();
    talk.onSubmitted(a, 0);
    talk.onVerdict(passed(a, 1.5));
    talk.onSubmitted(b, 0);
    talk.onVerdict(passed(b, 1.2));
    expect(talk.next(0)).toEqual({ choice: { move: 'improve', parents: [a] }, turns: [a, b] });
  });

  test('begins anew where its best fell behind what others reached, not where nothing of it passed yet', () => {
    const talk = createConversation({ turnsMax: 4 });
    talk.onSubmitted(a, 0);
    talk.onVerdict({ candidateId: a, verdict: 'crashed', speedup: null, move: 'improve' });
    expect(talk.next(0, 9)?.choice.move).toBe('repair');
    talk.onSubmitted(b, 0);
    talk.onVerdict(passed(b, 1.96));
    expect(talk.next(0, 2)?.choice.parents).toEqual([b]);
    expect(talk.next(0, 2.1)).toBeNull();
    expect(talk.next(0, 1)).toBeNull();
  });

  test('tells the target that it goes on with, and changes nothing by that', () => {
    const talk = createConversation({ turnsMax: 3 });
    const on = (front: number | null = null) => talk.on(() => front);
    expect(on()).toBeNull();
    talk.onSubmitted(a, 1);
    expect([on(), talk.isWaiting()]).toEqual([null, true]);
    talk.onVerdict(passed(a, 1.5));
    expect([on(), on(9), on(1.5)]).toEqual([1, null, 1]);
    expect(talk.next(1, 1.5)?.choice.parents).toEqual([a]);
    talk.onSubmitted(b, 1);
    talk.onVerdict(passed(b, 1.6));
    talk.onSubmitted(c, 1);
    // The turn on its way is the last one.
    expect([on(), talk.isWaiting()]).toEqual([null, false]);
  });

  test('repairs nothing that passed, and goes on with nothing that is compared with no other', () => {
    const talk = createConversation({ turnsMax: 4 });
    const byAnswers = (id: typeof a) => ({ ...passed(id, 1), speedup: null });
    talk.onSubmitted(a, 0);
    talk.onVerdict(byAnswers(a));
    expect([talk.on(() => null), talk.next(0)]).toEqual([null, null]);
    talk.onSubmitted(b, 0);
    talk.onVerdict(passed(b, 1.5));
    talk.onSubmitted(c, 0);
    talk.onVerdict(byAnswers(c));
    expect(talk.next(0)).toEqual({ choice: { move: 'improve', parents: [b] }, turns: [b, c] });
  });

  test('repairs what failed, with what worked beside it', () => {
    const talk = createConversation({ turnsMax: 4 });
    talk.onSubmitted(a, 0);
    talk.onVerdict(passed(a, 1.5));
    talk.onSubmitted(b, 0);
    talk.onVerdict({ candidateId: b, verdict: 'crashed', speedup: null, move: 'improve' });
    expect(talk.next(0)).toEqual({ choice: { move: 'repair', parents: [b, a] }, turns: [a, b] });
  });

  test('does not go on before its candidate has a verdict, nor on another target', () => {
    const talk = createConversation({ turnsMax: 4 });
    talk.onSubmitted(a, 0);
    expect(talk.next(0)).toBeNull();
    talk.onSubmitted(b, 0);
    talk.onVerdict(passed(b, 1));
    expect(talk.next(1)).toBeNull();
  });

  test('ends after its turns, after two without a gain, and where a verdict was taken back', () => {
    const short = createConversation({ turnsMax: 1 });
    short.onSubmitted(a, 0);
    short.onVerdict(passed(a, 2));
    expect(short.next(0)).toBeNull();

    const stale = createConversation({ turnsMax: 6 });
    stale.onSubmitted(a, 0);
    stale.onVerdict(passed(a, 2));
    for (const id of [b, c]) {
      stale.onSubmitted(id, 0);
      stale.onVerdict(passed(id, 1));
    }
    expect(stale.next(0)).toBeNull();

    const withdrawn = createConversation({ turnsMax: 6 });
    withdrawn.onSubmitted(a, 0);
    withdrawn.onVerdict(passed(a, 2));
    withdrawn.forget(a);
    expect(withdrawn.next(0)).toBeNull();
  });
});
