import { InvalidArgumentError } from 'commander';

/** An option's value as a whole number in [min, max]; otherwise what commander shows as a usage error. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
