/** What a model wrote -> a draft, or in words why it is none. */
import { z } from 'zod';
import { Draft, IDEA_CHARS_MAX } from '../../domain/campaign/campaign.ts';
import { issueText, pathText } from '../../platform/issue-text.ts';
import { Language } from '../../domain/plan/plan.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { type Edit, withEdits } from './edits.ts';
import { fencedBlocks } from './fenced-blocks.ts';
import { objectsIn } from './lenient-json.ts';
import { isProgram } from './written-program.ts';

export type DraftResult = { readonly ok: true; readonly draft: Draft } | { readonly ok: false; readonly message: string };

const NOTE_CHARS_MAX = 4000;

/** For the input of a tool and for JSON by schema. The same for every campaign, so that it stays in the prompt cache. */
export const DRAFT_SCHEMA = {
  type: 'object' as const,
  properties: {
    language: { type: 'string', enum: Language.options },
    idea: {
      type: 'string',
      description: `The idea in a few words, at most ${IDEA_CHARS_MAX} characters, such as "vectorised loads".`,
    },
    note: { type: 'string', description: 'Why it should be faster, in at most five sentences.' },
    source: {
      type: 'string',
      description:
        'The whole file, with its launch plan in the leading comment where it has one. Left out where edits are given.',
    },
    edits: {
      type: 'array',
      description:
        'Instead of source, where the first parent is long and little of it changes: parts of it, each found there exactly once, and what stands there instead.',
      items: {
        type: 'object',
        properties: { search: { type: 'string' }, replace: { type: 'string' } },
        required: ['search', 'replace'],
        additionalProperties: false,
      },
    },
    params: {
      type: 'object',
      description: 'Values that differ from those in the plan; leave it empty to take the plan as it is.',
      additionalProperties: { type: ['integer', 'string'] },
    },
  },
  required: ['language', 'idea'],
  additionalProperties: false,
};

/** Models write more than they are asked for: long ideas are cut, unknown fields left out; the rest must be right. */
const Lenient = z.object({
  language: Draft.shape.language,
  source: Draft.shape.source,
  params: Draft.shape.params,
  idea: z.string().catch(''),
  note: z.string().catch(''),
});
type Fields = Readonly<Record<string, unknown>>;

/** An object that holds a source, under whichever of its names, or edits of one. */
export const isDraftLike = (value: Fields): boolean => sourceOf(value) !== undefined || editsOf(value).length > 0;

export interface DraftOptions {
  readonly languages: readonly Language[];
  /** The first parent's source, which edits are of; null: there is none. */
  readonly base: string | null;
}

export const readDraft = (value: Fields, { languages, base }: DraftOptions): DraftResult => {
  const written = writtenIn(value, base);
  if (!written.ok) return written;
  const { source } = written;
  const lenient = Lenient.safeParse({
    ...value,
    source,
    language: languageOf(value['language'], source ?? '', languages),
    params: paramsOf(value['params']),
  });
  if (!lenient.success) return { ok: false, message: complaint(lenient.error) };
  const { idea, note, ...content } = lenient.data;
  if (!languages.includes(content.language)) {
    return { ok: false, message: `the candidate is in ${content.language}; it must be in ${languages.join(' or ')}` };
  }
  const words = { idea: plainLine(idea.toWellFormed(), IDEA_CHARS_MAX), note: plainLine(note.toWellFormed(), NOTE_CHARS_MAX) };
  return { ok: true, draft: { ...content, ...words } };
};

const Edits = z.array(z.object({ search: z.string(), replace: z.string() }));

const editsOf = (value: Fields): readonly Edit[] => Edits.safeParse(value['edits']).data ?? [];

/** The whole file wins over edits of one. */
const writtenIn = (value: Fields, base: string | null): { readonly ok: true; readonly source: string | undefined } | Failed => {
  const [source, edits] = [sourceOf(value), editsOf(value)];
  if (source !== undefined || edits.length === 0) return { ok: true, source };
  return base === null ? { ok: false, message: 'there is no parent to edit: hand in the whole file' } : withEdits(base, edits);
};

type Failed = Extract<DraftResult, { ok: false }>;

const sourceOf = (value: Fields): string | undefined => {
  const given = value['source'] ?? value['code'];
  const text = Array.isArray(given) && given.every((line) => typeof line === 'string') ? given.join('\n') : given;
  if (typeof text !== 'string') return undefined;
  const [block, second] = /^\s*(?:`{3}|~{3})/u.test(text) ? fencedBlocks(text) : [];
  return block !== undefined && second === undefined ? block.content : text;
};

const NAMES: ReadonlyMap<string, Language> = new Map([
  ['cu', 'cuda'],
  ['cuda c++', 'cuda'],
  ['cuda c', 'cuda'],
  ['cuda-c', 'cuda'],
  ['c++', 'cuda'],
  ['cpp', 'cuda'],
]);

/** Left out, or in other words: the only one there may be, or what the source looks like. */
const languageOf = (given: unknown, source: string, languages: readonly Language[]): unknown => {
  const name = typeof given === 'string' ? given.trim().toLowerCase() : '';
  if (name === 'python' || name === 'py') return pythonOf(source, languages);
  if (Language.safeParse(name).success) return name;
  if (given !== undefined && given !== null && name !== '' && !NAMES.has(name)) return given;
  return languages.length === 1 ? languages[0] : (seenIn(source, languages) ?? NAMES.get(name) ?? 'c');
};

const seenIn = (source: string, languages: readonly Language[]): Language | undefined => {
  if (isProgram(source, languages)) return 'python';
  if (source.includes('__global__')) return 'cuda';
  return /^\s*@triton\.jit/mu.test(source) ? 'triton' : undefined;
};

/** Models call by this name what Triton compiles, too. */
const pythonOf = (source: string, languages: readonly Language[]): Language => {
  if (!languages.includes('python')) return 'triton';
  return languages.includes('triton') && !isProgram(source, languages) ? 'triton' : 'python';
};

/** Null and text for none and for numbers. */
const paramsOf = (given: unknown): unknown => {
  const value =
    typeof given === 'string' ? (objectsIn(given, () => true)[0]?.value ?? (given.trim() === '' ? {} : given)) : (given ?? {});
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, param]) => [
      name,
      typeof param === 'string' && /^-?\d{1,15}$/.test(param) ? Number(param) : param,
    ]),
  );
};

const COMPLAINTS_MAX = 3;

const complaint = ({ issues }: z.ZodError): string => {
  const shown = issues.slice(0, COMPLAINTS_MAX).map((issue) => `${pathText(issue.path) || 'the candidate'}: ${issueText(issue)}`);
  return `not a candidate: ${shown.join('; ')}`;
};

/** As `readDraft`, of the input of a tool. */
export const readDraftJson = (text: string, options: DraftOptions): DraftResult => {
  const [first] = objectsIn(text.trim(), isDraftLike);
  if (first !== undefined) return readDraft(first.value, options);
  const [other] = objectsIn(text.trim(), () => true);
  return other === undefined
    ? { ok: false, message: `the candidate is no whole JSON (${text.length} characters)` }
    : readDraft(other.value, options);
};
