/** A problem as a writer of one of its languages needs it. */
import { z } from 'zod';
import type { ProblemView } from '../../domain/api/problems.ts';
import { KilnError } from '../../domain/errors.ts';
import { languageOfFile } from '../../domain/plan/language-of-file.ts';
import { Language } from '../../domain/plan/plan.ts';
import { programFilesOf } from '../../domain/problem.ts';
import { definitionText } from '../../domain/text/problem-definition.ts';
import { shownSide, sideAbout } from '../../domain/text/side-text.ts';

/** Those with a launch plan, and so with params. */
export const PLANNED = Language.exclude(['python']);
export type Target = 'gpu' | 'cpu';

export const FileData = z.strictObject({ name: z.string(), source: z.string() });

export const ProblemData = z.strictObject({
  name: z.string(),
  title: z.string(),
  languages: z.array(z.string()),
  statement: z.string(),
  definition: z.string(),
  reference: FileData.extend({ about: z.string() }),
  /** 1.00x, and sources to begin with: get_seed shows them. */
  seeds: z.array(z.string()),
  /** What the problem's library program takes on each device model, or why nobody knows. */
  library: z.array(z.string()).optional(),
  contract: z.string().optional(),
});
export type ProblemData = z.infer<typeof ProblemData>;

export const targetOfLanguage = (language: Language): Target => (language === 'c' ? 'cpu' : 'gpu');

/** Those that it can be written in. */
export const languagesOf = ({ problem }: ProblemView): readonly Language[] =>
  Language.options.filter((language) => problem[targetOfLanguage(language)] !== undefined);

export const problemDataOf = (view: ProblemView, languages: readonly Language[]): Omit<ProblemData, 'library' | 'contract'> => {
  const { problem, readme, files } = view;
  const targets = [...new Set(languages.map(targetOfLanguage))];
  const [target] = targets;
  const code = target === undefined ? undefined : problem[target];
  if (code === undefined)
    throw new KilnError('UNSUPPORTED_LANGUAGE', `problem "${problem.name}" is written in ${languagesOf(view).join(' or ')}`, {
      details: { field: 'language' },
    });
  const reference = shownSide(code.reference, files);
  return {
    name: problem.name,
    title: problem.title,
    languages: [...languages],
    statement: withoutSeeds(readme.trim() === '' ? problem.description : readme.trim()),
    definition: definitionText(problem, targets),
    reference: { name: reference.file, about: sideAbout(code.reference), source: reference.source.trimEnd() },
    seeds: seedsOf(view, languages).map(({ name, about }) => (about === '' ? name : `${name}: ${about}`)),
  };
};

export interface Seed {
  readonly name: string;
  readonly language: Language;
  /** What the problem's README says of it. */
  readonly about: string;
  readonly source: string;
}

/** Baselines first. A baseline that is a program is none. */
export const seedsOf = ({ problem, readme, files }: ProblemView, languages: readonly Language[]): readonly Seed[] => {
  const ofPrograms = new Set(programFilesOf(problem));
  return Object.entries(files)
    .filter(([file]) => !ofPrograms.has(file))
    .flatMap(([file, source]) => {
      const language = languageOfFile(file);
      const name = seedName(file);
      if (name === null || language === undefined || !languages.includes(language)) return [];
      return [{ name, language, about: aboutOf(name, readme), source }];
    })
    .toSorted((a, b) => Number(isBaseline(b.name)) - Number(isBaseline(a.name)) || (a.name < b.name ? -1 : 1));
};

const isBaseline = (name: string): boolean => name.startsWith('baseline.');

const seedName = (file: string): string | null => {
  if (file.startsWith('seeds/')) return file.slice('seeds/'.length);
  return isBaseline(file) || file.startsWith('evolve/') ? file : null;
};

/** A row of the table of seeds: | `1-float4.cu` | what it does | */
const ROW = /^\| `([^`]+)` \|(.*)\|[ \t]*$/gm;

const aboutOf = (name: string, readme: string): string =>
  [...readme.matchAll(ROW)].find(([, file]) => file === name)?.[2]?.trim() ?? '';

/** The table of seeds is told with the seeds, of the languages that are asked for. */
const withoutSeeds = (readme: string): string =>
  readme.replaceAll(/^\| (?:seed|`[^`]+\.(?:cu|py|c)`) \|.*\n?|^\|---\|---\|[ \t]*$\n?/gm, '').replaceAll(/\n{3,}/g, '\n\n');
