/** A problem's library program: what its libraries make of the problem, as a candidate that is timed and never ranked. Pure. */
import { type ContentHash, hashOf } from '../domain/ids.ts';
import { Program } from '../domain/program.ts';
import { type Folder, programFiles } from './side-code.ts';

export interface LibraryProgram {
  /** Of the entry file. */
  readonly source: string;
  readonly program: Program;
  /** Of all of it: of the program alone, and no part of the problem's version. */
  readonly hash: ContentHash;
}

/** Null where the problem names none. Throws PlanError naming `gpu.library`. */
export const libraryOf = (folder: Folder): LibraryProgram | null => {
  const given = folder.problem.gpu?.library;
  if (given === undefined) return null;
  const { file, symbol, style, environment } = given;
  const [entry, ...files] = programFiles(folder, given, 'gpu.library');
  const source = entry?.content ?? '';
  const program = Program.parse({ files, entry: { file, symbol, style }, environment });
  return { source, program, hash: hashOf({ source, program }) };
};
