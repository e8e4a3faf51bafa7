/** Why a file becomes no problem. One sentence, for a person and for a table. */
export class RefusedFile extends Error {
  override readonly name = 'RefusedFile';
}

/** Of `work`: what it returns, or why it does not. */
export const orReason = <T>(work: () => T): T | { readonly refused: string } => {
  try {
    return work();
  } catch (error) {
    if (error instanceof RefusedFile) return { refused: error.message };
    throw error;
  }
};
