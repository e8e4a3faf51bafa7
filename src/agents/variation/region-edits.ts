/** Small changes of code inside marked regions: unroll factors, integers with alternatives behind them, other powers of two. Pure. */
import type { Language } from '../../domain/plan/plan.ts';
import { type Region, regionsOf } from './regions.ts';

export interface Edit {
  /** Characters of the source that `text` takes the place of. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly region: string;
  /** Marked by the author, or a pragma, which changes no meaning. The others are guesses. */
  readonly isSafe: boolean;
}

const UNROLL_FACTORS = [1, 2, 4, 8, 16];
/** In CUDA a pragma without factor unrolls all. gcc knows no such thing. */
const UNROLL = /#pragma (?<who>GCC )?unroll(?:[ \t]+(?<factor>\d+))?/g;
/** `64 /* kiln: 32 64 128 … `, in a comment that ends there. */
const MARKED = /(?<![\w.])(?<value>\d+)(?=[ \t]*\/\*[ \t]*kiln:(?<choices>(?:[ \t]+\d+)+)[ \t]*\*\/)/g;
const INTEGER = /(?<![\w.])\d+(?![\w.])(?![ \t]*\/\*[ \t]*kiln:)/g;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|^[ \t]*#(?:include|pragma)[^\n]*/gm;
const GUESS_MAX = 4096;
/** Edits that are looked at; a region that is longer is varied at its beginning. */
const EDITS_MAX = 1000;

/** Every single change that `source` allows, each once, none of which leaves it as it is. */
export const editsOf = (source: string, language: Language): readonly Edit[] =>
  regionsOf(source)
    .flatMap((region) => [...unrolls(source, region, language), ...choices(source, region), ...guesses(source, region)])
    .slice(0, EDITS_MAX);

export const applied = (source: string, { start, end, text }: Edit): string => source.slice(0, start) + text + source.slice(end);

const unrolls = (source: string, region: Region, language: Language): readonly Edit[] =>
  language === 'triton'
    ? []
    : [...within(source, region).matchAll(UNROLL)].flatMap((match) => {
        const { who = '', factor } = match.groups ?? {};
        const texts = UNROLL_FACTORS.filter((other) => other !== Number(factor)).map((other) => `#pragma ${who}unroll ${other}`);
        const all = who === '' && factor !== undefined ? ['#pragma unroll'] : [];
        return [...texts, ...all].map((text) => editAt(region, match, { text, isSafe: true }));
      });

const choices = (source: string, region: Region): readonly Edit[] =>
  [...within(source, region).matchAll(MARKED)].flatMap((match) => {
    const { value, choices: listed = '' } = match.groups ?? {};
    const others = new Set(
      listed
        .trim()
        .split(/[ \t]+/)
        .filter((other) => other !== value),
    );
    return [...others].map((text) => editAt(region, match, { text, isSafe: true }));
  });

const guesses = (source: string, region: Region): readonly Edit[] =>
  [...blanked(within(source, region)).matchAll(INTEGER)].flatMap((match) => {
    const value = Number(match[0]);
    if (value < 2 || value > GUESS_MAX || !Number.isInteger(Math.log2(value))) return [];
    return [value / 2, value * 2].map((other) => editAt(region, match, { text: String(other), isSafe: false }));
  });

const within = (source: string, { start, end }: Region): string => source.slice(start, end);

/** Spaces for what is no code, so that offsets stay. */
const blanked = (text: string): string =>
  text.replaceAll(COMMENT, (comment) => (comment.includes('kiln:') ? comment : ' '.repeat(comment.length)));

const editAt = (region: Region, match: RegExpExecArray, { text, isSafe }: Pick<Edit, 'text' | 'isSafe'>): Edit => {
  const start = region.start + match.index;
  return { start, end: start + match[0].length, text, region: region.name, isSafe };
};
