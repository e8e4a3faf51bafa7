import type { RefusedSource } from './source.ts';

/** Why a file becomes no problem. One sentence, for a person and for a table. */
export class RefusedFile extends Error {
  override readonly name = 'RefusedFile';
}

/** Of `work`: what it returns, or why the file that people know as `label` is refused. */
export const orReason = <T>(label: string, work: () => T): T | RefusedSource => {
  try {
    return work();
  } catch (error) {
    if (error instanceof RefusedFile) return { label, refused: error.message };
    throw error;
  }
};
