/** What the GPU run submits: every seed, every baseline against itself, and the corpus of wrong and cheating kernels. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { Language } from '../../src/domain/plan/plan.ts';
import { languageOfFile } from '../../src/domain/plan/language-of-file.ts';
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
  const problems = readdirSync(join(ROOT, 'kernels'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [
    ...problems.flatMap(({ name }) => [...seeds(name, device, languages), ...baselines(name, device)]),
    ...corpus(device, languages),
  ];
};

/** Those in a language that the host compiles. */
const seeds = (problem: string, device: string, languages: readonly Language[]): readonly WorkItem[] => {
  const folder = join(ROOT, 'kernels', problem, 'seeds');
  return readdirSync(folder)
    .filter((file) => languageOfFile(file) !== 'c' && languages.some((language) => language === languageOfFile(file)))
    .toSorted()
    .map((file) => itemOf({ file: join(folder, file), problem, device, kind: 'seed' }));
};

/** The null test: a baseline judged as a candidate, several times, must come out at 1.000. */
const baselines = (problem: string, device: string): readonly WorkItem[] =>
  Array.from({ length: NULL_TRIALS }, (_, trial) => {
    const item = itemOf({
      file: join(ROOT, 'kernels', problem, 'baseline.cu'),
      problem,
      device,
      kind: 'baseline',
    });
    return { ...item, name: `${item.name} #${trial + 1}`, body: { ...item.body, trial: trial + 1 } };
  });

const corpus = (device: string, languages: readonly Language[]): readonly WorkItem[] => {
  const folder = join(ROOT, 'test/corpus/cuda');
  return readdirSync(folder)
    .filter((file) => languages.some((language) => language === languageOfFile(file)))
    .toSorted()
    .map((file) => {
      const source = readFileSync(join(folder, file), 'utf8');
      return itemOf({
        file: join(folder, file),
        device,
        kind: 'corpus',
        ...corpusHeader(source),
      });
    });
};

const itemOf = (item: {
  readonly file: string;
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
    source: readFileSync(item.file, 'utf8'),
    submitter: 'bench',
  },
});
