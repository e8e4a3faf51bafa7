/** What a program wrote, as a draft: JSON, or a source file that begins with its plan. Pure. */
import { Draft } from '../../domain/campaign/campaign.ts';
import { issueText, pathText } from '../../platform/issue-text.ts';
import type { Language } from '../../domain/plan/plan.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import { draftOfText, type ReadingOptions } from '../answers/draft-of-text.ts';
import { isProgram } from '../answers/written-program.ts';

type ReadDraft =
  | { readonly failure: null; readonly draft: Draft }
  | { readonly failure: 'malformed' | 'rejected'; readonly message: string };

/** `languages`: what may be written here. */
export const readDraft = (output: string, { languages, shown, base }: Omit<ReadingOptions, 'isCut'>): ReadDraft => {
  const text = output.trim();
  if (text === '') return malformed('it wrote nothing; it must write a draft as JSON, or a source file');
  const strict = text.startsWith('{') ? fromJson(text) : fromSource(text, languages);
  const isOwn =
    strict.failure !== 'malformed' || parsed(text) !== undefined || languages.some((language) => hasPlan(text, language));
  const read = isOwn ? strict : passedOn(text, { languages, shown, base }, strict);
  if (read.failure !== null || languages.includes(read.draft.language)) return read;
  return { failure: 'rejected', message: `it wrote ${read.draft.language}; here it is ${languages.join(' or ')}` };
};

const hasPlan = (text: string, language: Language): boolean => {
  const header = parseHeader(text, language);
  return header.ok || header.field !== 'header';
};

/** A program that passes on what a model wrote, prose and all. */
const passedOn = (text: string, options: ReadingOptions, strict: ReadDraft): ReadDraft => {
  const read = draftOfText(text, options);
  return read.ok ? { failure: null, draft: read.draft } : strict;
};

const fromJson = (text: string): ReadDraft => {
  const value = parsed(text);
  if (value === undefined) return malformed('what it wrote begins like JSON and is none');
  return checked(value);
};

const checked = (value: unknown): ReadDraft => {
  const draft = Draft.safeParse(value);
  if (draft.success) return { failure: null, draft: draft.data };
  const [issue] = draft.error.issues;
  return malformed(`the draft's ${pathText(issue?.path ?? []) || 'fields'}: ${issue ? issueText(issue) : 'wrong'}`);
};

/** Undefined is no JSON value. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const fromSource = (source: string, languages: readonly Language[]): ReadDraft => {
  if (isProgram(source, languages)) return checked({ language: 'python', source });
  const headers = languages.map((language) => ({ language, header: parseHeader(source, language) }));
  const found = headers.find(({ header }) => header.ok) ?? headers.find(({ header }) => !header.ok && header.field !== 'header');
  const [first] = headers;
  if (found?.header.ok === true) return checked({ language: found.language, source });
  const header = (found ?? first)?.header;
  return malformed(header && !header.ok ? `${header.field}: ${header.message}` : 'no launch plan');
};

const malformed = (message: string): ReadDraft => ({ failure: 'malformed', message });
