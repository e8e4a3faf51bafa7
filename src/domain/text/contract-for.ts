/** The contract for those who write in some languages: blocks of it are marked as being of some alone. */
import type { Language } from '../plan/plan.ts';

const BLOCK = /<!-- for ([a-z ]+) -->\n([\s\S]*?)<!-- end -->\n/g;

/** Null: all of it. The marks are left out. */
export const contractFor = (markdown: string, languages: readonly Language[] | null): string =>
  markdown.replaceAll(BLOCK, (_whole, marked: string, text: string) =>
    languages === null || languages.some((language) => marked.split(' ').includes(language)) ? text : '',
  );
