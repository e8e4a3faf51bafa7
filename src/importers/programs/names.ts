/** Names of problem.yaml from those of a file. Pure. */

const PROBLEM_CHARS_MAX = 63;
const NAME_CHARS_MAX = 32;
const NUMBER_CHARS = 5;

/** "conv2d-v2 (fast)" -> "conv2d_v2_fast" */
export const problemNameOf = (text: string): string =>
  text
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z][a-z])/gu, '_')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '_')
    .replaceAll(/^[_0-9]+|_+$/gu, '')
    .slice(0, PROBLEM_CHARS_MAX) || 'imported';

/** "norm.weight" -> "norm_weight" */
export const identifierOf = (text: string): string => {
  const plain = text.replaceAll(/\W+/gu, '_').replaceAll(/^_+|_+$/gu, '');
  return (/^\d/.test(plain) ? `x${plain}` : plain || 'x').slice(0, NAME_CHARS_MAX);
};

/** Another than those that are taken; it is taken then. */
export const freeName = (name: string, taken: Set<string>, charsMax: number = NAME_CHARS_MAX): string => {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name.slice(0, charsMax - NUMBER_CHARS)}_${number}`;
  taken.add(free);
  return free;
};

export const freeProblemName = (name: string, taken: Set<string>): string => freeName(name, taken, PROBLEM_CHARS_MAX);

/** "A" for the first of `A, B = data`, else the last key that leads there. */
export const tensorNameAt = (place: readonly string[], names: readonly string[]): string => {
  const [head, ...rest] = place;
  if (head === undefined) return 'data';
  const named = /^\d+$/.test(head) ? names[Number(head)] : head;
  return rest.length === 0
    ? named || `input_${head}`
    : (rest.findLast((key) => !/^\d+$/.test(key)) ?? `${named || 'input'}_${rest.join('_')}`);
};
