/** What the GPU run submits: every seed, every baseline against itself, and the corpus of wrong and cheating kernels. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { Language } from '../../src/domain/plan/plan.ts';
import { languageOfFile } from '../../src/domain/plan/language-of-file.ts';
import { type LoadedProblem, loadProblems } from '../../src/problems/load-problems.ts';
import { corpusHeader } from './corpus-header.ts';

const ROOT = join(import.meta.dirname, '../..');
const NULL_TRIALS = 5;

export interface WorkItem {
  readonly name: string;
  readonly problem: string;
  readonly kind: 'seed' | 'baseline' | 'corpus';
  /** Any of these verdicts is right. */
  readonly expected: readonly string[];
  /** Name of the honest kernel of the same shape that it must not stand ahead of; null where there is none. */
  readonly twin: string | null;
  readonly body: SubmitCandidate;
}

/**
 * `device`: class of the GPU. Corpus kernels say in comments which verdicts are right ("expect: wrong_answer or crashed"), for which problem they are
 * ("problem: matmul"; vector_add where it is not said), and which honest kernel they must not stand ahead of ("twin: twin-matmul.cu").
 */
export const gpuWork = (device: string, languages: readonly Language[]): readonly WorkItem[] => {
  const problems = [...loadProblems(join(ROOT, 'kernels')).values()];
  return [
    ...problems.flatMap((loaded) => [...seeds(loaded, device, languages), ...baselines(loaded, device)]),
    ...corpus(device, languages),
  ];
};

/** Those in a language that the host compiles. */
const seeds = (
  { problem: { name }, files }: LoadedProblem,
  device: string,
  languages: readonly Language[],
): readonly WorkItem[] =>
  Object.entries(files)
    .filter(([file]) => file.startsWith('seeds/') && languageOfFile(file) !== 'c')
    .filter(([file]) => languages.some((language) => language === languageOfFile(file)))
    .map(([file, source]) => itemOf({ file, source, problem: name, device, kind: 'seed' }));

/** The null test: a baseline judged as a candidate, several times, must come out at 1.000. */
const baselines = ({ problem: { name }, files }: LoadedProblem, device: string): readonly WorkItem[] =>
  Array.from({ length: NULL_TRIALS }, (_, trial) => {
    const file = 'baseline.cu';
    const item = itemOf({ file, source: files[file] ?? '', problem: name, device, kind: 'baseline' });
    return { ...item, name: `${item.name} #${trial + 1}`, body: { ...item.body, trial: trial + 1 } };
  });

const corpus = (device: string, languages: readonly Language[]): readonly WorkItem[] => {
  const folder = join(ROOT, 'test/corpus/cuda');
  return readdirSync(folder)
    .filter((file) => languages.some((language) => language === languageOfFile(file)))
    .toSorted()
    .map((file) => {
      const source = readFileSync(join(folder, file), 'utf8');
      return itemOf({ file, source, device, kind: 'corpus', ...corpusHeader(source) });
    });
};

const itemOf = (item: {
  readonly file: string;
  readonly source: string;
  readonly problem: string;
  readonly device: string;
  readonly kind: WorkItem['kind'];
  readonly expected?: readonly string[];
  readonly twin?: string | null;
}): WorkItem => ({
  name: basename(item.file),
  problem: item.problem,
  kind: item.kind,
  expected: item.expected ?? ['passed'],
  twin: item.twin ?? null,
  body: {
    problem: item.problem,
    device: item.device,
    language: languageOfFile(item.file) ?? 'cuda',
    source: item.source,
    submitter: 'bench',
  },
});
