/** What the runner's `start` command prints. */
import { z } from 'zod';
import { KilnError } from '../../domain/errors.ts';

const SHOWN_CHARS_MAX = 200;

const Started = z.object({ socket: z.string().min(1), pid: z.int().positive() });
export type Started = z.infer<typeof Started>;

/** Throws KilnError PROTOCOL_ERROR. */
export const parseStarted = (output: string): Started => {
  try {
    return Started.parse(JSON.parse(output));
  } catch (cause) {
    throw new KilnError(
      'PROTOCOL_ERROR',
      `the runner's start command printed ${JSON.stringify(output.slice(0, SHOWN_CHARS_MAX))}`,
      { cause },
    );
  }
};
