/** Changes of a long file as blocks to find and what stands there instead. Each must be found once: a guess would be another candidate than was meant. */

export interface Edit {
  readonly search: string;
  readonly replace: string;
}

export type Edited = { readonly ok: true; readonly source: string } | { readonly ok: false; readonly message: string };

const SHOWN = 80;

/** One after the other. */
export const withEdits = (source: string, edits: readonly Edit[]): Edited => {
  let text = source;
  for (const [index, { search, replace }] of edits.entries()) {
    const count = search === '' ? 0 : text.split(search).length - 1;
    if (count !== 1)
      return {
        ok: false,
        message: `edit ${index + 1} of ${edits.length}: ${count === 0 ? 'nothing in the parent is' : `${count} places in the parent are`} "${search.slice(0, SHOWN)}"; copy some whole lines that are there once, or hand in the whole file`,
      };
    text = text.replace(search, () => replace);
  }
  return { ok: true, source: text };
};

const BLOCK = /^<{5,}[ \t]*SEARCH[ \t]*\r?\n([\s\S]*?)^={5,}[ \t]*\r?\n([\s\S]*?)^>{5,}[ \t]*REPLACE[ \t]*$/gmu;

/** Blocks as models write them in free text. */
export const editsIn = (text: string): readonly Edit[] =>
  [...text.matchAll(BLOCK)].map(([, search = '', replace = '']) => ({ search, replace }));
