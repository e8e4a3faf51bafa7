/** A case must fit beside its reference outputs, saved inputs and guards on a 40 GB GPU. */
export const CASE_BYTES_MAX = 8 * 2 ** 30;

/** What a recording keeps between calls, a model's weights above all (BLOBS_BYTES_MAX of the runner's recording_shape.py). */
export const WEIGHTS_BYTES_MAX = 320 * 2 ** 20;
