/** A number that a command line's option gives. Throws, naming the option, where it is no whole number from 1 to `most`. */
export const count = (option: string, text: string, most: number): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new Error(`${option}: "${text}" is no whole number from 1 to ${most}`);
};
