/** Small parts of answers. */

/** Parts that say something, a line or more each. */
export const lines = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('\n');

/** " BLOCK=256 VEC=4"; nothing where there are none. */
export const paramsText = (params: Readonly<Record<string, string | number>>): string =>
  Object.entries(params)
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');
