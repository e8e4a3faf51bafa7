/** What changed between two texts, line by line, as unified diffs show it. Pure. */

const CONTEXT_LINES = 3;
/** Table of the longest common subsequence, after equal ends were taken off. Beyond it all of the middle counts as changed. */
const CELLS_MAX = 4_000_000;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** Hunks with three lines around each change; empty where nothing differs. */
export const lineDiff = (before: string, after: string): string => {
  const all = linesOf(before.split('\n'), after.split('\n'));
  const near = all.map((_, index) =>
    all.slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1).some(({ mark }) => mark !== ' '),
  );
  const out: string[] = [];
  let [old, fresh] = [1, 1];
  all.forEach(({ mark, text }, index) => {
    if (near[index] === true) {
      if (near[index - 1] !== true) out.push(`@@ -${old} +${fresh} @@`);
      out.push(`${mark}${text}`);
    }
    old += mark === '+' ? 0 : 1;
    fresh += mark === '-' ? 0 : 1;
  });
  return out.join('\n');
};

const linesOf = (before: readonly string[], after: readonly string[]): readonly Line[] => {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return [
    ...marked(' ', before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...marked(' ', before.slice(before.length - tail)),
  ];
};

const middle = (before: readonly string[], after: readonly string[]): readonly Line[] => {
  if (before.length * after.length > CELLS_MAX) return [...marked('-', before), ...marked('+', after)];
  const width = after.length + 1;
  // lengths[i * width + j]: of the longest common subsequence of what is left from line i and line j on.
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] =
        before[i] === after[j]
          ? at(lengths, (i + 1) * width + j + 1) + 1
          : Math.max(at(lengths, (i + 1) * width + j), at(lengths, i * width + j + 1));
  return walk(before, after, lengths);
};

const walk = (before: readonly string[], after: readonly string[], lengths: Uint32Array): readonly Line[] => {
  const width = after.length + 1;
  const out: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    const [old, fresh] = [before[i] ?? '', after[j] ?? ''];
    if (old === fresh) {
      out.push({ mark: ' ', text: old });
      i += 1;
      j += 1;
    } else if (at(lengths, (i + 1) * width + j) >= at(lengths, i * width + j + 1)) {
      out.push({ mark: '-', text: old });
      i += 1;
    } else {
      out.push({ mark: '+', text: fresh });
      j += 1;
    }
  }
  return [...out, ...marked('-', before.slice(i)), ...marked('+', after.slice(j))];
};

const marked = (mark: Line['mark'], texts: readonly string[]): readonly Line[] => texts.map((text) => ({ mark, text }));
const at = (values: Uint32Array, index: number): number => values[index] ?? 0;
