/** Models that think send their thoughts before their answer. */
import { describe, expect, test } from 'vitest';
import { claudeAt, DRAFT, NEVER } from '../../../support/agents/claude-generator.ts';
import { generationContext, SOURCE } from '../../../support/agents/generation-context.ts';
import { messagesApiRig } from '../../../support/agents/messages-api-rig.ts';

const service = messagesApiRig();

describe('an answer of a model that thinks', () => {
  test.each([
    ['shown', JSON.stringify({ ...DRAFT, idea: 'a thought' }).repeat(3)],
    ['not shown', null],
  ])('is read past what was thought before it, %s', async (_what, thinking) => {
    service.api.answerWith({ thinking, text: 'Here it is.', input: DRAFT });
    const answer = await claudeAt(service.api.url, { thinking: 'adaptive' }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: true, draft: DRAFT });
  });

  test('is nothing that was only thought', async () => {
    service.api.answerWith({ thinking: `\`\`\`c\n${SOURCE}\n\`\`\``, text: 'I am done.' });
    expect(await claudeAt(service.api.url).next(generationContext(), NEVER)).toMatchObject({
      failure: 'malformed',
      message: 'no candidate was handed in; it wrote: I am done.',
    });
  });

  test('that was cut while it thought costs what it had thought', async () => {
    service.api.answerWith({ thinking: 'x'.repeat(900), input: DRAFT, cutAfterDeltas: 3 });
    const { usage } = await claudeAt(service.api.url).next(generationContext(), NEVER);
    expect(usage.outputTokens).toBe(600 / 3);
  });
});
