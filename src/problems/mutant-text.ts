/** Sums in the text of a reference, cut short or rounded. C and CUDA alike; a text in which nothing is found comes back as it was. Pure. */

interface Sum {
  readonly start: number;
  readonly end: number;
  /** What is added to: `sum`, `partial[t]`. */
  readonly target: string;
  readonly indices: string;
  readonly added: string;
}

interface Loop {
  /** Of the text behind its head. */
  readonly end: number;
  readonly variable: string;
  readonly bound: string;
  readonly boundAt: number;
}

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const SUM = /(?<![\w.>\])])([A-Za-z_]\w*)((?:\[[^\]]*\])*) \+= /gu;
const LOOP = /for \([^;]*;\s*(\w+) < ([^;]+);[^)]*\)/gu;

/** Each loop that sums leaves out the last sixteenth of its steps. */
export const withoutLastSixteenth = (source: string): string => {
  const loops = loopsOf(source);
  const cut = new Set(sumsOf(source).flatMap((sum) => loops.findLast((loop) => sumsUp(source, loop, sum)) ?? []));
  return edited(
    source,
    [...cut].map(({ bound, boundAt }) => ({
      at: boundAt,
      length: bound.length,
      text: `(${bound}) - ((${bound}) + 15) / 16`,
    })),
  );
};

/** `round`: the expression, rounded. */
export const withRoundedSums = (source: string, round: (expression: string) => string): string =>
  edited(
    source,
    sumsOf(source).map(({ start, end, target, added }) => ({
      at: start,
      length: end - start,
      text: `${target} = ${round(`${target} + (${added})`)}`,
    })),
  );

/** Behind the leading comment, which holds the plan. */
export const withPrelude = (source: string, prelude: string): string => {
  const end = source.indexOf('*/') + 2;
  return `${source.slice(0, end)}\n${prelude}${source.slice(end)}`;
};

/** Statements `target += added;` of numbers: not the step of a loop, nor a pointer that moves. */
const sumsOf = (source: string): readonly Sum[] =>
  [...source.matchAll(SUM)].flatMap((found) => {
    const [whole, name = '', indices = ''] = found;
    const from = found.index + whole.length;
    const end = source.indexOf(';', from);
    const added = source.slice(from, end);
    if (end < 0 || !isBalanced(added) || isPointer(source, name)) return [];
    return [{ start: found.index, end, target: `${name}${indices}`, indices, added }];
  });

const isBalanced = (text: string): boolean => {
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
};

const isPointer = (source: string, name: string): boolean =>
  new RegExp(String.raw`\w\*+\s+(?:const\s+|__restrict__\s+)*${name}\b|\w\s+\*+(?:__restrict__\s+)?${name}\s*[,)=;]`, 'u').test(
    source,
  );

const loopsOf = (source: string): readonly Loop[] =>
  [...source.matchAll(LOOP)].map((found) => {
    const [head, variable = '', bound = ''] = found;
    const boundAt = found.index + head.indexOf(`${variable} < ${bound}`) + variable.length + 3;
    return { end: found.index + head.length, variable, bound, boundAt };
  });

/** The sum lies in the loop, and its place does not depend on the loop's variable. */
const sumsUp = (source: string, { end, variable }: Loop, { start, indices }: Sum): boolean =>
  end <= start && isWithin(source.slice(end, start)) && !new RegExp(String.raw`\b${variable}\b`, 'u').test(indices);

/** Of the text from the end of a loop's head to a place: has the loop's body not ended? */
const isWithin = (between: string): boolean => {
  let [braces, parentheses] = [0, 0];
  for (const char of between) {
    if (char === '(') parentheses += 1;
    if (char === ')') parentheses -= 1;
    if (char === '{') braces += 1;
    if (char === '}') braces -= 1;
    const isOver = (char === '}' || char === ';') && braces === 0 && parentheses === 0;
    if (isOver || braces < 0) return false;
  }
  return true;
};

const edited = (source: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((one, other) => other.at - one.at)
    .reduce((text, { at, length, text: put }) => `${text.slice(0, at)}${put}${text.slice(at + length)}`, source);
