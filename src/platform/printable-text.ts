/** Text that a candidate made, such as compiler messages, must not steer the terminal, the page or the model that it is shown to. */

// Control characters but tab and line feed, and the marks that reorder text on screen.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// Whole escape sequences first, so that no "[31m" remains of them.
// oxlint-disable-next-line no-control-regex
const ESCAPE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-_])/g;

/** Lines stay, everything else that a terminal would obey goes. */
export const plainText = (text: string): string => text.replaceAll(ESCAPE, '').replaceAll(UNSAFE, '');

/** The same on one line of at most `charsMax` characters. */
export const plainLine = (text: string, charsMax = 200): string => {
  const line = plainText(text).replaceAll(/\s+/g, ' ').trim();
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1)}…`;
};
