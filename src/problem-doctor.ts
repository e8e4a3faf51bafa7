/** Problems as the doctor sees them: each is tried on the cpu device of this machine, where it has a C side and this machine a compiler. */
import { spawnSync } from 'node:child_process';
import { KilnError } from './domain/errors.ts';
import { bad, good, type HostCheck } from './gpu/host-check.ts';
import { checkLoaded, tryProblem, withCache } from './problem-check.ts';
import type { LoadedProblem, ReadProblems } from './problems/load-problems.ts';

interface Options {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Every case, and wrong versions of the reference; otherwise one small case. */
  readonly whole: boolean;
}

type Place = Parameters<typeof checkLoaded>[1];

/** One after the other, each told as it ends: each keeps a processor busy. */
export const diagnoseProblems = async (
  { problems, refused }: ReadProblems,
  { env, whole, onCheck }: Options & { readonly onCheck: (check: HostCheck) => void },
): Promise<void> => {
  for (const { name, reason } of refused)
    onCheck(bad(`problem ${name}`, `is left out: ${reason}`, 'correct it, then: kiln problem reload'));
  const missing = ['python3', 'gcc'].find((program) => !isThere(program, env));
  if (missing !== undefined) {
    const why = `none: this machine has no ${missing} (hosts have their own, and try each problem before they judge it)`;
    onCheck(good('problems tried', why));
    return;
  }
  await withCache(async (cache) => {
    for (const problem of problems.values()) onCheck(await checkOne(problem, { env, cache, whole }));
  });
};

const checkOne = async (problem: LoadedProblem, { whole, ...place }: Place & Pick<Options, 'whole'>): Promise<HostCheck> => {
  try {
    return await (whole ? checkWhole(problem, place) : checkQuickly(problem, place));
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return bad(nameOf(problem), error.message, REMEDY);
  }
};

const REMEDY = 'correct its reference, baseline or tolerance (docs/problems.md)';
const nameOf = ({ problem }: LoadedProblem): string => `problem ${problem.name}`;
const NOT_TRIED = 'not tried: it has no C reference';

const isThere = (program: string, env: Options['env']): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore', env }).error === undefined;

const checkQuickly = async (problem: LoadedProblem, place: Place): Promise<HostCheck> => {
  const tried = await tryProblem(problem, place);
  if (tried === null) return good(nameOf(problem), NOT_TRIED);
  if (tried.refused !== null) return bad(nameOf(problem), tried.refused, REMEDY);
  return good(nameOf(problem), `its baseline agrees with its reference on the cpu device, case ${tried.case}`);
};

const checkWhole = async (problem: LoadedProblem, place: Place): Promise<HostCheck> => {
  const { ok, refused, mutants } = await checkLoaded(problem, place);
  if (refused !== null) return bad(nameOf(problem), refused, REMEDY);
  const passed = mutants.filter(({ foundBy }) => foundBy === null).map(({ name }) => name);
  if (!ok) return bad(nameOf(problem), `wrong versions of its reference pass: ${passed.join(', ')}`, REMEDY);
  return good(
    nameOf(problem),
    mutants.length === 0 ? NOT_TRIED : `each of ${mutants.length} wrong versions of its reference is found`,
  );
};
