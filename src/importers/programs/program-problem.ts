/** A problem whose reference is a Python file, from what was described of it. Pure. */
import { type CallData, MODEL_SEED } from '../../domain/program-call.ts';
import { Problem, type Tolerance } from '../../domain/problem.ts';
import type { ProgramStyle } from '../../domain/program.ts';
import { issuesText } from '../../platform/issue-text.ts';
import { callDataOf, type Scalars } from './call-data.ts';
import { derivationText, ENTRY, type Generator, rawTensorsOf } from './derivation.ts';
import type { Described } from './described.ts';
import { DERIVE_FILE, deriveFileText } from './derive-file.ts';
import { floorOf } from './floor.ts';
import { type AskedCase, keptCases } from './kept-cases.ts';
import { freeName, identifierOf, tensorNameAt } from './names.ts';
import { casesOf } from './problem-cases.ts';
import { tensorsOf } from './problem-tensors.ts';
import { RefusedFile } from './refused-file.ts';
import { rolesOf } from './roles.ts';
import { createShapes } from './shapes.ts';
import type { Made } from './source.ts';

export interface ProgramProblem {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly described: Described;
  /** In the order of `described.cases`. */
  readonly cases: readonly AskedCase[];
  readonly tolerance: (dtypes: readonly string[]) => Tolerance;
  readonly style: ProgramStyle;
  readonly symbol: string;
  /** Beside reference.py. */
  readonly files: readonly string[];
  /** Makes the inputs, where they are computed. */
  readonly generator: Generator;
}

/** Throws RefusedFile. */
export const makeProblem = (wanted: ProgramProblem): Made => {
  const { kept, isDerived, notes } = keptCases(wanted.described, wanted.cases);
  const [first] = kept;
  if (!first) throw new RefusedFile('it has no case');
  const taken = new Set<string>();
  // Arguments keep their names: a tensor of the same name is called otherwise.
  const shapes = createShapes({ args: kept.map(({ args }) => args), isSingle: kept.length === 1, taken });
  const names = first.found.places.map((place) => freeName(identifierOf(tensorNameAt(place, wanted.described.names)), taken));
  const roles = rolesOf(
    kept.map(({ found }) => found),
    (index) => names[index] ?? '',
  );
  const { tensors, drawn } = tensorsOf({ kept, isDerived, names, roles, shapes, taken });
  const scalars: Scalars = {};
  const data = callDataOf(
    kept.map(({ found }) => found.data),
    { names, shapes, scalars },
  );
  const raw = isDerived ? rawTensorsOf({ kept, shapes, taken }) : null;
  const cases = casesOf({ kept, drawn: raw ? new Map([...drawn, ...raw.drawn]) : drawn, shapes });
  const outputs = Object.values(tensors).filter(({ role }) => role !== 'in');
  const problem = {
    name: wanted.name,
    title: wanted.title,
    description: wanted.description,
    variables: [...cases.variables],
    tensors,
    ...(raw && {
      derive: {
        file: ENTRY,
        symbol: 'inputs',
        files: [DERIVE_FILE, 'reference.py', ...wanted.files],
        environment: 'torch',
        raw: raw.raw,
      },
    }),
    ...(Object.keys(scalars).length > 0 && { scalars }),
    tolerance: wanted.tolerance(outputs.flatMap(({ dtype }) => dtype ?? [])),
    check: cases.check,
    bench: { gpu: cases.bench },
    floor: floorOf(tensors),
    gpu: {
      reference: {
        file: 'reference.py',
        symbol: wanted.symbol,
        style: wanted.style,
        ...(wanted.files.length > 0 && { files: [...wanted.files] }),
        environment: 'torch',
      },
    },
    call: callOf(wanted, data),
  };
  const parsed = Problem.safeParse(problem);
  if (!parsed.success) throw new RefusedFile(`it makes no problem: ${issuesText(parsed.error)}`);
  if (!raw) return { problem, notes: [...notes, ...roles.notes, ...cases.notes] };
  const theirs = wanted.files.find((file) => file === ENTRY || file === DERIVE_FILE);
  if (theirs !== undefined) throw new RefusedFile(`its file ${theirs} has the name of one that computes its inputs here`);
  const places = first.found.places.filter((_place, at) => tensors[names[at] ?? '']?.distribution?.kind === 'derived');
  const text = derivationText({ kept, shapes, generator: wanted.generator, raw, places, rows: wanted.described.rows });
  return {
    problem,
    files: { [ENTRY]: text, [DERIVE_FILE]: deriveFileText() },
    notes: [...notes, ...roles.notes, ...cases.notes, DERIVED_NOTE],
  };
};

const DERIVED_NOTE =
  'its own code computes the inputs, from numbers that Kiln draws (`derive.py`), with one seed for all else; `floor` counts none of them';

const callOf = ({ style, described: { init } }: ProgramProblem, data: CallData): object => {
  if (style !== 'model') return { data };
  const { positional = [], keywords = {} } = init ?? {};
  return { init: Object.keys(keywords).length > 0 ? { positional, keywords } : positional, seed: MODEL_SEED };
};
