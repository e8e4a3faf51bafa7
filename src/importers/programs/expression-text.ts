/** Parts of the expressions that imported problems are written with. Pure. */

/** What an expression of a problem may hold, with some to spare. */
export const EXPRESSION_CHARS_MAX = 480;

/** As one factor of a product. */
export const factorText = (size: string | number): string => (/^\w+$/u.test(String(size)) ? String(size) : `(${size})`);
