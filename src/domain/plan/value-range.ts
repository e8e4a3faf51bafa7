/** Values of a param written as a range: `4..64 step 4`, `1..64 powers`, `1..81 powers of 3`, `1..8`. */

const RANGE = /^\s*(-?\d{1,15})\s*\.\.\s*(-?\d{1,15})(?:\s+step\s+(\d{1,15})|\s+powers(?:\s+of\s+(\d{1,3}))?)?\s*$/;
export const VALUES_MAX = 1024;

export const RANGE_FORM = 'a range is FROM..TO, FROM..TO step N, or FROM..TO powers [of N], such as 4..64 step 4 or 1..64 powers';

export const looksLikeRange = (text: string): boolean => text.includes('..');

/** In order, or what is wrong with the range. */
export const valuesOfRange = (text: string): readonly number[] | string => {
  const match = RANGE.exec(text);
  if (!match) return `"${text}" is no range: ${RANGE_FORM}`;
  const [low, high] = [Number(match[1]), Number(match[2])];
  if (low > high) return `"${text}" goes down: write the smaller end first`;
  const values = text.includes('powers') ? powers(low, high, Number(match[4] ?? 2)) : steps(low, high, Number(match[3] ?? 1));
  if (typeof values !== 'string' && values.length === 0) return `"${text}" holds no value`;
  return values;
};

const steps = (low: number, high: number, step: number): readonly number[] | string => {
  if (step === 0) return 'a step must be at least 1';
  const count = Math.floor((high - low) / step) + 1;
  return count > VALUES_MAX ? tooMany(count) : Array.from({ length: count }, (_, index) => low + index * step);
};

/** Of `base`, those from `low` to `high`. */
const powers = (low: number, high: number, base: number): readonly number[] | string => {
  if (base < 2) return 'powers are of 2 or more';
  if (low < 1) return 'powers begin at 1 or above';
  const values: number[] = [];
  for (let value = 1; value <= high; value *= base) if (value >= low) values.push(value);
  return values;
};

const tooMany = (count: number): string => `${count} values; the limit is ${VALUES_MAX}: use a larger step`;
