/**
 * Marked regions of a source: lines between `// kiln: region NAME` and `// kiln: end NAME` (`#` in Triton). They do not nest, and a name is
 * used once; marks that say otherwise mark nothing.
 */
export interface Region {
  readonly name: string;
  /** Character offsets of the text between the marks, which stand on lines of their own. */
  readonly start: number;
  readonly end: number;
}

/** More are not looked at. */
const REGIONS_MAX = 64;
const MARK = /^[ \t]*(?:\/\/|#)[ \t]*kiln:[ \t]*(?<kind>region|end)[ \t]+(?<name>[A-Za-z_][\w-]{0,63})[ \t]*\r?(?:\n|$)/gm;

export const regionsOf = (source: string): readonly Region[] => {
  const regions: Region[] = [];
  let open: { readonly name: string; readonly start: number } | null = null;
  for (const match of source.matchAll(MARK)) {
    const { kind, name = '' } = match.groups ?? {};
    if (kind === 'region') open = { name, start: match.index + match[0].length };
    else if (open?.name === name && regions.length < REGIONS_MAX) regions.push({ ...open, end: match.index });
    if (kind === 'end') open = null;
  }
  return regions.filter(({ name }) => regions.filter((other) => other.name === name).length === 1);
};

export const textOf = (source: string, { start, end }: Region): string => source.slice(start, end);

export const withText = (source: string, { start, end }: Region, text: string): string =>
  source.slice(0, start) + text + source.slice(end);
