/** Models that think send their thoughts before their answer. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claudeAt } from '../../../support/agents/claude-generator.ts';
import { type FakeMessagesApi, startFakeMessagesApi } from '../../../support/agents/fake-messages-api.ts';
import { generationContext, SOURCE } from '../../../support/agents/generation-context.ts';

const DRAFT = { language: 'c', idea: 'restrict', note: 'no aliases', source: SOURCE, params: { BLOCK: 64 } };
const NEVER = new AbortController().signal;

let api: FakeMessagesApi;
beforeEach(async () => {
  api = await startFakeMessagesApi();
});
afterEach(async () => {
  await api.close();
});

describe('an answer of a model that thinks', () => {
  test.each([
    ['shown', JSON.stringify({ ...DRAFT, idea: 'a thought' }).repeat(3)],
    ['not shown', null],
  ])('is read past what was thought before it, %s', async (_what, thinking) => {
    api.answerWith({ thinking, text: 'Here it is.', input: DRAFT });
    const answer = await claudeAt(api.url, { thinking: 'adaptive' }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: true, draft: DRAFT });
  });

  test('is nothing that was only thought', async () => {
    api.answerWith({ thinking: `\`\`\`c\n${SOURCE}\n\`\`\``, text: 'I am done.' });
    expect(await claudeAt(api.url).next(generationContext(), NEVER)).toMatchObject({
      failure: 'malformed',
      message: 'no candidate was handed in; it wrote: I am done.',
    });
  });

  test('that was cut while it thought costs what it had thought', async () => {
    api.answerWith({ thinking: 'x'.repeat(900), input: DRAFT, cutAfterDeltas: 3 });
    const { usage } = await claudeAt(api.url).next(generationContext(), NEVER);
    expect(usage.outputTokens).toBe(600 / 3);
  });
});
