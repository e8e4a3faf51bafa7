/** A problem whose reference is a Python file, from what was described of it. Pure. */
import { type CallData, MODEL_SEED } from '../../domain/program-call.ts';
import { Problem, type Tolerance } from '../../domain/problem.ts';
import type { ProgramStyle } from '../../domain/program.ts';
import { issuesText } from '../../platform/issue-text.ts';
import { callDataOf, type Scalars } from './call-data.ts';
import { derivationText, ENTRY, type Generator, rawTensorsOf } from './derivation.ts';
import type { Described } from './described.ts';
import { CHECK_FILE, DERIVE_FILE, describingFileText } from './derive-file.ts';
import { floorOf } from './floor.ts';
import { type AskedCase, keptCases } from './kept-cases.ts';
import { freeName, identifierOf, tensorNameAt } from './names.ts';
import { rulesOf, VERIFY, verifySection, verifyText } from './own-check.ts';
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
  const { check } = wanted.described;
  const taken = new Set<string>(check ? rulesOf(check) : []);
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
  const checking = check && { check, tensors, data, outputs: first.found.outputs, files: wanted.files };
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
    ...(checking && { verify: verifySection(checking) }),
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
  const own = checking ? { [VERIFY]: verifyText(checking), [CHECK_FILE]: describingFileText(CHECK_FILE) } : {};
  const said = [...notes, ...roles.notes, ...cases.notes, ...(checking ? [CHECKED_NOTE] : [])];
  refuseTaken(wanted.files, [...Object.keys(own), ...(raw ? [ENTRY, DERIVE_FILE] : [])]);
  if (!raw) return { problem, files: own, notes: said };
  const places = first.found.places.filter((_place, at) => tensors[names[at] ?? '']?.distribution?.kind === 'derived');
  const text = derivationText({ kept, shapes, generator: wanted.generator, raw, places, rows: wanted.described.rows });
  return {
    problem,
    files: { [ENTRY]: text, [DERIVE_FILE]: describingFileText(DERIVE_FILE), ...own },
    notes: [...said, DERIVED_NOTE],
  };
};

const refuseTaken = (theirs: readonly string[], ours: readonly string[]): void => {
  const taken = theirs.find((file) => ours.includes(file));
  if (taken !== undefined) throw new RefusedFile(`its file ${taken} has the name of one that runs its code here`);
};

const CHECKED_NOTE =
  'its own check says what is right (`verify.py`): each rule is a statement of it at which right outputs are told from others. `tolerance` says how near another call on the same inputs must come; widen it where kernels that add in any order are to pass';

const DERIVED_NOTE =
  'its own code computes the inputs, from numbers that Kiln draws (`derive.py`), with one seed for all else; `floor` counts none of them';

const callOf = ({ style, described: { init } }: ProgramProblem, data: CallData): object => {
  if (style !== 'model') return { data };
  const { positional = [], keywords = {} } = init ?? {};
  return { init: Object.keys(keywords).length > 0 ? { positional, keywords } : positional, seed: MODEL_SEED };
};
