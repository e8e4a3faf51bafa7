/** A candidate out of free text: the models of many servers do not write JSON on demand, but all write fenced blocks. */
import type { Language } from '../../domain/plan.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import { type DraftResult, readDraft, readDraftJson } from './model-draft.ts';

const BLOCK = /^(`{3,}|~{3,})([^\n`]*)\n([\s\S]*?)^\1[ \t]*$/gmu;
const IDEA = /^\s*idea:\s*(.+)$/imu;

/** JSON as asked for, or the last fenced block that begins with a launch plan; a line "idea: …" outside of it names the idea. */
export const draftOfText = (text: string, languages: readonly Language[]): DraftResult => {
  const blocks = [...text.matchAll(BLOCK)].map(([, , tag = '', content = '']) => ({ tag: tag.trim().toLowerCase(), content }));
  const json = jsonOf(text) ?? blocks.findLast(({ tag, content }) => tag === 'json' && content.includes('"source"'))?.content;
  if (json !== undefined) return readDraftJson(json, languages);
  const sources = [...blocks.map(({ content }) => content), text].flatMap((content) => withLanguage(content, languages));
  const found = sources.findLast(({ isWhole }) => isWhole) ?? sources.at(-1);
  if (found === undefined)
    return {
      ok: false,
      message: `no candidate was found: neither JSON nor a block with a launch plan (${languages.join(', ')})`,
    };
  const idea = IDEA.exec(text.replace(found.source, ''))?.[1] ?? '';
  return readDraft({ language: found.language, source: found.source, idea }, languages);
};

const jsonOf = (text: string): string | undefined => {
  const trimmed = text.trim();
  return trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed : undefined;
};

/** A plan that cannot be read is still a candidate: its verdict says what is wrong, and it can be mended. */
const withLanguage = (source: string, languages: readonly Language[]) => {
  // CUDA and C have the same plan; only one of them has kernels.
  const other: Language = source.includes('__global__') ? 'c' : 'cuda';
  const inOrder = [...languages.filter((language) => language !== other), ...languages.filter((language) => language === other)];
  const [first] = inOrder.flatMap((language) => {
    const header = parseHeader(source, language);
    return header.ok || header.field !== 'header' ? [{ source, language, isWhole: header.ok }] : [];
  });
  return first === undefined ? [] : [first];
};
