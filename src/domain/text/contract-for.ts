/** The contract for those who write in some languages: blocks of it, which may hold others, are marked as being of some alone. */
import type { Language } from '../plan/plan.ts';

const BEGIN = /^<!-- for ([a-z ]+) -->$/;
const END = '<!-- end -->';

/** Null: all of it. The marks are left out. */
export const contractFor = (markdown: string, languages: readonly Language[] | null): string => {
  /** Of the blocks around a line, the outermost first: whether they are shown. */
  const blocks: boolean[] = [];
  return markdown
    .split('\n')
    .filter((line) => {
      const marked = BEGIN.exec(line)?.[1];
      if (marked !== undefined)
        blocks.push(languages === null || languages.some((language) => marked.split(' ').includes(language)));
      else if (line === END) blocks.pop();
      else return blocks.every(Boolean);
      return false;
    })
    .join('\n');
};
