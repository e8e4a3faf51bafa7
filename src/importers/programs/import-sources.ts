/** Problems' folders from what was described. Pure. */
import type { Answer } from './described.ts';
import { freeProblemName } from './names.ts';
import { programReadme } from './program-readme.ts';
import { orReason } from './refused-file.ts';
import type { RefusedSource, Source } from './source.ts';
import { yamlText } from '../yaml-text.ts';

export interface ImportedProgram {
  readonly label: string;
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** `answers`: in the order of the sources. `taken`: names that others have. */
export const importSources = (
  sources: readonly Source[],
  answers: readonly Answer[],
  taken: Set<string>,
): readonly (ImportedProgram | RefusedSource)[] =>
  sources.map((source, index) => {
    const { label } = source;
    const answer = answers[index] ?? { refused: 'nothing was said of it' };
    if ('refused' in answer) return { label, refused: answer.refused };
    return orReason(label, () => {
      // A name is taken by what becomes a problem alone.
      const name = freeProblemName(source.name, new Set(taken));
      const { problem, files: made, notes: left } = source.make(answer.described, name);
      taken.add(name);
      const notes =
        name === source.name ? left : [`it is called \`${name}\`, since \`${source.name}\` is there already`, ...left];
      const files = {
        'problem.yaml': yamlText(problem),
        ...source.files,
        ...made,
        'README.md': programReadme(source, name, notes),
      };
      return { label, name, files, notes };
    });
  });
