/** A candidate out of free text: whole ones come in many shapes, and each was paid for. */
import type { Language } from '../../domain/plan/plan.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import { answerTexts } from './answer-texts.ts';
import { fencedBlocks } from './fenced-blocks.ts';
import { objectsIn } from './lenient-json.ts';
import { editsIn, withEdits } from './edits.ts';
import { type DraftOptions, type DraftResult, isDraftLike, readDraft, readDraftJson } from './model-draft.ts';
import { isProgram } from './written-program.ts';

const IDEA = /^[ \t]*[-*#_ ]{0,4}idea[*_]{0,2}:[*_]{0,2}[ \t]*(.+)$/imu;

export interface ReadingOptions {
  readonly languages: readonly Language[];
  /** The first parent's source, which edits are of. */
  readonly base?: string | null | undefined;
  /** Sources that the writer was shown: repeated beside an answer, they are not the answer. */
  readonly shown?: readonly string[] | undefined;
  /** The text ends where a limit cut it off: what has no end is not whole. */
  readonly isCut?: boolean;
}

/**
 * JSON with a source wins over fenced blocks that begin with a launch plan, these over the bare text; the last one of a kind wins, unless it is what
 * the writer was shown or its line of introduction calls it the old one. A line "idea: …" outside of a block names the idea.
 */
export const draftOfText = (text: string, options: ReadingOptions): DraftResult => {
  const results = answerTexts(text).map((part) => draftOfPart(part, options));
  const [first] = results;
  const best = results.find(({ ok }) => ok) ?? results.find((result) => !result.ok && result.found) ?? first;
  return best ?? { ok: false, message: 'the answer is empty' };
};

type PartResult = DraftResult & { readonly found?: boolean };

const draftOfPart = (text: string, options: ReadingOptions): PartResult => {
  const { languages, base = null } = options;
  const finds = [
    jsonFinds(text, { languages, base }),
    editFinds(text, options),
    blockFinds(text, options),
    bareFinds(text, options),
  ].find(({ length }) => length > 0);
  const chosen = choose(finds ?? [], options);
  if (chosen !== undefined) return chosen.result.ok ? chosen.result : { ...chosen.result, found: true };
  // It says what is missing, or that it is broken.
  if (text.startsWith('{')) return readDraftJson(text, { languages, base });
  return { ok: false, message: `no candidate was found: neither JSON nor a block with a launch plan (${languages.join(', ')})` };
};

interface Find {
  readonly result: DraftResult;
  readonly source: string;
  /** Its plan can be read. One that cannot is still a candidate: its verdict says what is wrong. */
  readonly isWhole: boolean;
  readonly intro: string;
}

const choose = (finds: readonly Find[], { shown = [] }: ReadingOptions): Find | undefined => {
  const known = new Set(shown.map(squeezed));
  const isRepeated = ({ result, source }: Find): boolean =>
    known.has(squeezed(source)) && !(result.ok && Object.keys(result.draft.params).length > 0);
  const ranked = [
    (find: Find) => find.result.ok && find.isWhole && !isRepeated(find) && !isCalledOld(find.intro),
    (find: Find) => find.result.ok && find.isWhole && !isRepeated(find),
    (find: Find) => find.result.ok && find.isWhole,
    (find: Find) => find.result.ok,
  ];
  for (const isGood of ranked) {
    const found = finds.findLast(isGood);
    if (found !== undefined) return found;
  }
  return finds.at(-1);
};

const squeezed = (source: string): string => source.replaceAll(/\s+/gu, ' ').trim();
const isCalledOld = (intro: string): boolean =>
  /\b(?:old|older|previous|original|earlier|prior|before|parent|unchanged|was|reference|comparison|baseline|incumbent)\b/iu.test(
    intro,
  ) && !/\b(?:new|improved?|optimi[sz]ed|faster|updated|final|answer|better|rewritten)\b/iu.test(intro);

/** Blocks to search and replace, of the first parent. */
const editFinds = (text: string, { languages, base = null }: ReadingOptions): readonly Find[] => {
  const edits = editsIn(text);
  if (edits.length === 0 || base === null) return [];
  const edited = withEdits(base, edits);
  if (!edited.ok) return [{ result: edited, source: '', isWhole: true, intro: '' }];
  return findOf({ source: edited.source, intro: '', text, languages });
};

const jsonFinds = (text: string, options: DraftOptions): readonly Find[] =>
  objectsIn(unquoted(text), isDraftLike).map(({ value, start }) => {
    const result = readDraft(value, options);
    const intro = introOf(text.slice(Math.max(0, start - INTRO_CHARS), start));
    return { result, source: result.ok ? result.draft.source : '', isWhole: true, intro };
  });

const INTRO_CHARS = 300;
/** The line of text before an object, past the fence that it stands in. */
const introOf = (before: string): string =>
  before
    .replace(/(?:`{3,}|~{3,})\w*\s*$/u, '')
    .trimEnd()
    .split('\n')
    .at(-1) ?? '';

/** JSON that was made a JSON string once more. */
const unquoted = (text: string): string => {
  if (!text.startsWith('"{') || !text.endsWith('}"')) return text;
  try {
    const inner: unknown = JSON.parse(text);
    return typeof inner === 'string' ? inner : text;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
};

const blockFinds = (text: string, { languages, isCut = false }: ReadingOptions): readonly Find[] =>
  fencedBlocks(text)
    .filter(({ isClosed }) => isClosed || !isCut)
    .flatMap(({ content, intro }) => findOf({ source: content, intro, text, languages }));

/** A line of text, and then the file, with no fence before it. */
const BARE = /(?:^|\n)(?=[ \t]*\/\*\s*kiln\s|[rR]?("""|''')\s*kiln\s|#[ \t]*kiln[ \t]*\r?\n)/u;

const bareFinds = (text: string, { languages, isCut = false }: ReadingOptions): readonly Find[] => {
  if (isCut) return [];
  const start = [text, text.slice(Math.max(0, text.search(BARE))).replace(/^\n/, '')];
  return start.flatMap((part) => {
    // A fence after it that nothing opened.
    const [block] = fencedBlocks(`\`\`\`\n${part}`);
    return findOf({ source: block?.isClosed === true ? block.content : part, intro: '', text, languages });
  });
};

interface Place {
  readonly source: string;
  readonly intro: string;
  readonly text: string;
  readonly languages: readonly Language[];
}

const findOf = ({ source, intro, text, languages }: Place): readonly Find[] => {
  const labelled = withLanguage(source, languages);
  if (labelled === null) return [];
  const idea = IDEA.exec(text.replace(source, ''))?.[1] ?? '';
  return [
    {
      result: readDraft({ language: labelled.language, source, idea }, { languages, base: null }),
      source,
      isWhole: labelled.isWhole,
      intro,
    },
  ];
};

const withLanguage = (
  source: string,
  languages: readonly Language[],
): { readonly language: Language; readonly isWhole: boolean } | null => {
  if (isProgram(source, languages)) return { language: 'python', isWhole: true };
  // CUDA and C have the same plan; only one of them has kernels.
  const other: Language = source.includes('__global__') ? 'c' : 'cuda';
  const inOrder = [...languages.filter((language) => language !== other), ...languages.filter((language) => language === other)];
  const [first] = inOrder.flatMap((language) => {
    const header = parseHeader(source, language);
    return header.ok || header.field !== 'header' ? [{ language, isWhole: header.ok }] : [];
  });
  return first ?? null;
};
