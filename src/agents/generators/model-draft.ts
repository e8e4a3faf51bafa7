/** What a model wrote -> a draft, or in words why it is none. */
import { z } from 'zod';
import { Draft, IDEA_CHARS_MAX } from '../../domain/campaign.ts';
import { issueText } from '../../domain/issue-text.ts';
import type { Language } from '../../domain/plan.ts';
import { plainLine } from '../../domain/text/plain-text.ts';

export type DraftResult = { readonly ok: true; readonly draft: Draft } | { readonly ok: false; readonly message: string };

const NOTE_CHARS_MAX = 4000;

/** For the input of a tool and for JSON by schema. The same for every campaign, so that it stays in the prompt cache. */
export const DRAFT_SCHEMA = {
  type: 'object' as const,
  properties: {
    language: { type: 'string', enum: ['cuda', 'triton', 'c'] },
    idea: {
      type: 'string',
      description: `The idea in a few words, at most ${IDEA_CHARS_MAX} characters, such as "vectorised loads".`,
    },
    note: { type: 'string', description: 'Why it should be faster, in at most five sentences.' },
    source: { type: 'string', description: 'The whole file, with its launch plan in the leading comment.' },
    params: {
      type: 'object',
      description: 'Values that differ from those in the plan; leave it empty to take the plan as it is.',
      additionalProperties: { type: ['integer', 'string'] },
    },
  },
  required: ['language', 'idea', 'source'],
  additionalProperties: false,
};

/** Models write more than they are asked for: long ideas are cut, unknown fields left out; the rest must be right. */
const Lenient = z.object({
  language: Draft.shape.language,
  source: Draft.shape.source,
  params: Draft.shape.params.or(z.null().transform(() => ({}))),
  idea: z.string().default(''),
  note: z.string().default(''),
});

export const readDraft = (value: unknown, languages: readonly Language[]): DraftResult => {
  const lenient = Lenient.safeParse(value);
  if (!lenient.success) return { ok: false, message: complaint(lenient.error) };
  const { idea, note, ...content } = lenient.data;
  if (!languages.includes(content.language)) {
    return { ok: false, message: `the candidate is in ${content.language}; it must be in ${languages.join(' or ')}` };
  }
  const words = { idea: plainLine(idea.toWellFormed(), IDEA_CHARS_MAX), note: plainLine(note.toWellFormed(), NOTE_CHARS_MAX) };
  return { ok: true, draft: { ...content, ...words } };
};

const COMPLAINTS_MAX = 3;

const complaint = ({ issues }: z.ZodError): string => {
  const shown = issues.slice(0, COMPLAINTS_MAX).map((issue) => `${issue.path.join('.') || 'the candidate'}: ${issueText(issue)}`);
  return `not a candidate: ${shown.join('; ')}`;
};

/** As `readDraft`, of JSON text. */
export const readDraftJson = (text: string, languages: readonly Language[]): DraftResult => {
  const parsed = parseJson(text);
  return parsed.ok ? readDraft(parsed.value, languages) : { ok: false, message: parsed.message };
};

const parseJson = (
  text: string,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } => {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, message: `the candidate is no whole JSON (${text.length} characters)` };
  }
};
