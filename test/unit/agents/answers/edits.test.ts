import { describe, expect, test } from 'vitest';
import { draftOfText } from '../../../../src/agents/answers/draft-of-text.ts';
import { withEdits } from '../../../../src/agents/answers/edits.ts';
import { readDraftJson } from '../../../../src/agents/answers/model-draft.ts';
import { SOURCE } from '../../../support/agents/generation-context.ts';

const LANGUAGES = ['c'] as const;
const EDIT = { search: 'out[i] = a[i] + b[i];', replace: 'out[i] = b[i] + a[i]; // $& and $1 stay' };
const EDITED = SOURCE.replace(EDIT.search, () => EDIT.replace);

describe('edits', () => {
  test('take the place of what they find, as it stands', () => {
    expect(EDITED).not.toBe(SOURCE);
    expect(withEdits(SOURCE, [EDIT])).toEqual({ ok: true, source: EDITED });
  });

  test.each([
    ['is not there', 'no such line', 'nothing in the parent is "no such line"'],
    ['is there twice', 'n', 'places in the parent are "n"'],
    ['is empty', '', 'nothing in the parent is'],
  ])('say what to do where what is sought %s', (_what, search, words) => {
    const edited = withEdits(SOURCE, [{ search, replace: 'x' }]);
    expect(edited).toMatchObject({ ok: false, message: expect.stringContaining(words) as string });
  });

  test('are a candidate as a tool hands them in, and as blocks in free text; without a parent they are none', () => {
    const input = JSON.stringify({ language: 'c', idea: 'order', edits: [EDIT] });
    expect(readDraftJson(input, { languages: LANGUAGES, base: SOURCE })).toMatchObject({ ok: true, draft: { source: EDITED } });
    expect(readDraftJson(input, { languages: LANGUAGES, base: null })).toMatchObject({ ok: false });
    const text = `idea: order\n<<<<<<< SEARCH\n  for (int i = 0; i < n; i++) ${EDIT.search}\n=======\n  for (int i = 0; i < n; i++) ${EDIT.replace}\n>>>>>>> REPLACE\n`;
    expect(draftOfText(text, { languages: LANGUAGES, base: SOURCE })).toMatchObject({
      ok: true,
      draft: { source: EDITED, idea: 'order' },
    });
  });
});
