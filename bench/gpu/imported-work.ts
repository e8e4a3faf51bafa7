/** What is judged of public files that became problems: their own models and submissions, and wrong ones made of them. Pure. */
import { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { Program } from '../../src/domain/program.ts';
import { recogniseProgram } from '../../src/domain/program-style.ts';
import { workOf } from '../../src/problems/floors.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';
import { REFERENCE_SUBMISSION, wrongSubmissions } from './wrong-submissions.ts';

export const COLLECTIONS = ['gpumode', 'kernelbench'] as const;
export type Collection = (typeof COLLECTIONS)[number];

/** A file, or a task, and what became of it. */
export type ImportedFile = { readonly collection: Collection; readonly label: string } & (
  | { readonly refused: string }
  | {
      readonly problem: string;
      readonly notes: readonly string[];
      /** Of a task, path -> text: what its folder holds besides the reference. */
      readonly submissions: Readonly<Record<string, string>>;
    }
);

export interface ImportedItem {
  /** "conv2d_v2: submission.py" */
  readonly name: string;
  readonly problem: string;
  readonly collection: Collection;
  /** Any of these verdicts is right. */
  readonly expected: readonly string[];
  readonly twin: null;
  /** It is the baseline itself, so that its ratio to it must be 1. */
  readonly isBaseline: boolean;
  /** It builds an extension: a compiler runs for a minute and more. */
  readonly needsCompiler: boolean;
  readonly body: SubmitCandidate;
}

const RIGHT = ['passed'];
/** It may be that nothing can be recorded of what is wrong. */
const WRONG = ['wrong_answer', 'contract'];
const GIB = 2 ** 30;

/** Of every file that loads as a problem, the cheapest problems first; those that need a compiler at the very end. */
export const importedWork = (
  files: readonly ImportedFile[],
  problems: ReadonlyMap<string, LoadedProblem>,
  device: string,
): readonly ImportedItem[] => {
  const items = files.flatMap((file) => {
    const loaded = 'problem' in file ? problems.get(file.problem) : undefined;
    if (!loaded || !('problem' in file)) return [];
    const own = file.collection === 'gpumode' ? taskItems(loaded, file.submissions, device) : modelItems(loaded, device);
    return own.map((item) => ({ item, cost: costOf(loaded) }));
  });
  return items
    .toSorted((a, b) => Number(a.item.needsCompiler) - Number(b.item.needsCompiler) || a.cost - b.cost)
    .map(({ item }) => item);
};

/** Roughly, in seconds of a device: each timed case takes its budget twice, and what is large takes long to draw and to compare. */
export const costOf = ({ problem }: Pick<LoadedProblem, 'problem'>): number => {
  const bytes = [...problem.check, ...problem.bench.gpu].map(({ shape }) => {
    const { readBytes, writeBytes } = workOf(problem, shape);
    return readBytes + writeBytes;
  });
  return problem.bench.gpu.length / 2 + bytes.reduce((sum, one) => sum + one, 0) / GIB;
};

/** The same text under the name of a submission. */
const renamed = (source: string): string => source.replaceAll(/\bModel\b/gu, 'ModelNew');

const modelItems = (loaded: LoadedProblem, device: string): readonly ImportedItem[] => {
  const source = renamed(loaded.files['reference.py'] ?? '');
  const entry: Program['entry'] = { file: 'submission.py', symbol: 'ModelNew', style: 'model' };
  return [itemOf(loaded, { collection: 'kernelbench', device, of: 'Model', source, entry, expected: RIGHT, isBaseline: true })];
};

const SUBMISSION: Program['entry'] = { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' };

const taskItems = (
  loaded: LoadedProblem,
  submissions: Readonly<Record<string, string>>,
  device: string,
): readonly ImportedItem[] => {
  const common = { collection: 'gpumode', device, entry: SUBMISSION } as const;
  const right = [
    itemOf(loaded, { ...common, of: 'ref_kernel', source: REFERENCE_SUBMISSION, expected: RIGHT, isBaseline: true }),
  ];
  const ofOthers = Object.entries(submissions)
    .filter(([, source]) => recogniseProgram(source)?.style === 'custom_kernel')
    .map(([path, source]) =>
      itemOf(loaded, { ...common, of: path, source, expected: path.includes('/wrong/') ? WRONG : RIGHT, isBaseline: false }),
    );
  const changed = wrongSubmissions(loaded.problem).map(({ name, source }) =>
    itemOf(loaded, { ...common, of: name, source, expected: WRONG, isBaseline: false }),
  );
  return [...right, ...ofOthers, ...changed];
};

interface Judged {
  readonly collection: Collection;
  readonly device: string;
  readonly of: string;
  readonly source: string;
  readonly entry: Program['entry'];
  readonly expected: readonly string[];
  readonly isBaseline: boolean;
}

const itemOf = (
  { problem }: LoadedProblem,
  { collection, device, of, source, entry, expected, isBaseline }: Judged,
): ImportedItem => {
  const body = SubmitCandidate.parse({
    problem: problem.name,
    device,
    language: 'python',
    source,
    program: { entry },
    effort: 'full',
  });
  return {
    name: `${problem.name}: ${of}`,
    problem: problem.name,
    collection,
    expected,
    twin: null,
    isBaseline,
    needsCompiler: source.includes('load_inline'),
    body,
  };
};
