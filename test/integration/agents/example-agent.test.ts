import { describe, expect, test } from 'vitest';
import { createCommand } from '../../../src/agents/generators/command.ts';
import { exhibit, generationContext } from '../../support/agents/generation-context.ts';
import { HANG_MS } from '../../support/limits.ts';

const agent = createCommand({
  name: 'example',
  argv: ['python3', 'config/agent.example.py'],
  timeoutMs: HANG_MS,
  env: process.env,
});
const next = (context: Parameters<typeof agent.next>[0]) => agent.next(context, new AbortController().signal);

describe('the example of an agent of one’s own', () => {
  test('halves or doubles one number of its parent, and the same seed draws the same', async () => {
    const context = generationContext({ parents: [exhibit({ params: { WIDTH: 8 } })] });
    const answer = await next(context);
    if (!answer.ok) throw new Error(answer.message);
    expect([4, 16]).toContain(answer.draft.params['WIDTH']);
    expect(answer.draft).toMatchObject({
      language: 'c',
      source: exhibit().source,
      idea: `WIDTH=${answer.draft.params['WIDTH']}`,
    });
    expect(await next(context)).toEqual(answer);
  });

  test('keeps to the values that the plan says are worth trying', async () => {
    const source = '/* kiln\nparams: {A: 1, B: 8}\nspace: {A: [5, 7]}\nlaunch: [{kernel: copy, args: [x, y, n]}]\n*/\n';
    const drawn = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async (seed) => next(generationContext({ seed, parents: [exhibit({ source, params: { A: 1 } })] }))),
    );
    for (const answer of drawn) expect([5, 7]).toContain(answer.ok && answer.draft.params['A']);
  });

  test('begins with an example where there is no parent', async () => {
    const answer = await next(generationContext({ move: 'new', parents: [] }));
    expect(answer).toMatchObject({ ok: true, draft: { language: 'c', idea: 'as it was' } });
  });
});
