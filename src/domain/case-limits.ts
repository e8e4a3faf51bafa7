/** A case must fit beside its reference outputs, saved inputs and guards on a 40 GB GPU. */
export const CASE_BYTES_MAX = 8 * 2 ** 30;
