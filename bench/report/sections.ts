/** The parts of a Markdown page that a script writes: between `<!-- begin NAME -->` and `<!-- end NAME -->`, each on a line of its own. Pure. */

const beginOf = (name: string): string => `<!-- begin ${name} -->\n`;
const endOf = (name: string): string => `<!-- end ${name} -->`;

export const sectionNames = (page: string): readonly string[] =>
  [...page.matchAll(/^<!-- begin ([\w-]+) -->$/gm)].flatMap(([, name]) => (name === undefined ? [] : [name]));

/** Throws where the page has no such section. */
export const withSection = (page: string, name: string, text: string): string => {
  const begin = page.indexOf(beginOf(name));
  const end = page.indexOf(endOf(name), begin);
  if (begin < 0 || end < 0)
    throw new Error(`the page has no section "${name}": write <!-- begin ${name} --> and <!-- end ${name} -->`);
  return `${page.slice(0, begin)}${beginOf(name)}\n${text}\n\n${page.slice(end)}`;
};
