/** Why a file becomes no problem. One sentence, for a person and for a table. */
export class RefusedFile extends Error {
  override readonly name = 'RefusedFile';
}
