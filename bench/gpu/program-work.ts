/** Programs to be judged: the library programs of problems, the seeds wrapped with host code beside their device twins, and the corpus. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import { type Program, ProgramStyle } from '../../src/domain/program.ts';
import { recogniseProgram } from '../../src/domain/program-style.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';
import { corpusHeader } from './corpus-header.ts';
import { gpuSeeds } from './gpu-seeds.ts';
import { wrapSeed } from './wrap-seed.ts';

export const KINDS = ['torch', 'triton', 'cuda', 'corpus', 'references'] as const;
export type Kind = (typeof KINDS)[number];

export interface ProgramItem {
  readonly name: string;
  readonly problem: string;
  readonly kind: Kind;
  /** Any of these verdicts is right. */
  readonly expected: readonly string[];
  /** Name of the honest program that it must not stand ahead of; null where there is none. */
  readonly twin: string | null;
  readonly body: SubmitCandidate;
  /** The same kernel without host code, or by the native reference, judged beside it; null where there is none. */
  readonly beside: SubmitCandidate | null;
}

const SUBMISSION: Program['entry'] = { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' };

export const CORPUS = join(import.meta.dirname, '../../test/corpus/programs');
const HONEST = { expected: ['passed'], twin: null };

interface Chosen {
  readonly device: string;
  readonly kinds: readonly Kind[];
  readonly problems: ReadonlyMap<string, LoadedProblem>;
}

export const programWork = ({ device, kinds, problems }: Chosen): readonly ProgramItem[] =>
  [...problems.values()].flatMap((loaded) => [
    ...(kinds.includes('torch') ? torchItems(loaded, device) : []),
    ...seedItems(loaded, device).filter(({ kind }) => kinds.includes(kind)),
    ...(kinds.includes('corpus') ? corpusItems(loaded, device) : []),
  ]);

/** It builds an extension: a compiler runs for a minute and more. */
export const needsCompiler = ({ body: { source } }: ProgramItem): boolean => source.includes('load_inline');

const torchItems = ({ problem: { name }, library }: LoadedProblem, device: string): readonly ProgramItem[] => {
  if (library === null) return [];
  const { source, program } = library;
  const body = bodyOf({ problem: name, device, source, files: program.files, entry: program.entry });
  return [{ ...HONEST, name: `${name}/torch`, problem: name, kind: 'torch', body, beside: null }];
};

const seedItems = (loaded: LoadedProblem, device: string): readonly ProgramItem[] => {
  const { name } = loaded.problem;
  return gpuSeeds(loaded).flatMap(({ name: file, language, source }) => {
    const wrapped = wrapSeed(loaded, { language, source });
    if (wrapped === null) return [];
    const beside = SubmitCandidate.parse({ problem: name, device, language, source, effort: 'full' });
    const body = bodyOf({ problem: name, device, ...wrapped });
    return [{ ...HONEST, name: `${name}/${file}`, problem: name, kind: language, body, beside }];
  });
};

const corpusItems = ({ problem: { name } }: LoadedProblem, device: string): readonly ProgramItem[] =>
  readdirSync(CORPUS)
    .filter((file) => file.endsWith('.py'))
    .toSorted()
    .flatMap((file) => {
      const source = readFileSync(join(CORPUS, file), 'utf8');
      const { problem, expected, twin } = corpusHeader(source);
      if (problem !== name) return [];
      const body = bodyOf({ problem, device, source, files: [], entry: corpusEntry(file, source) });
      return [{ name: file, problem, kind: 'corpus', expected, twin, body, beside: null }];
    });

/** As `kiln submit` takes it, but for a style that the file has to name itself. */
export const corpusEntry = (file: string, source: string): Program['entry'] => {
  const recognised = recogniseProgram(source);
  if (!recognised) throw new Error(`${file} is not recognised as a program`);
  const style = corpusHeader(source).style ?? recognised.style;
  return { file, symbol: recognised.symbol, style: ProgramStyle.parse(style) };
};

interface Files {
  readonly problem: string;
  readonly device: string;
  readonly source: string;
  readonly files: Program['files'];
  readonly entry?: Program['entry'];
}

const bodyOf = ({ problem, device, source, files, entry = SUBMISSION }: Files): SubmitCandidate =>
  SubmitCandidate.parse({
    problem,
    device,
    language: 'python',
    source,
    program: { entry, files },
    effort: 'full',
  });
