/**
 * Whether a problem tells right from wrong, tried on the cpu device of this machine: the quick part (its own baseline against its reference, on one small
 * case) and the whole (every case, and wrong versions of its reference).
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { loadKilnConfig } from './config/kiln-config.ts';
import { KilnError } from './domain/errors.ts';
import type { DefinedCase } from './domain/protocol.ts';
import { unlessEnded, withTemporaryFolder } from './platform/clean-up.ts';
import { isProblemFolder } from './problems/read-problem.ts';
import { type LoadedProblem, loadProblem } from './problems/load-problems.ts';
import { type Mutant, mutantsOf } from './problems/mutants.ts';
import { lengthGaps } from './problems/ragged-lengths.ts';

const TRY_LIMIT_MS = 600_000;
const RUNNER = join(import.meta.dirname, 'gpu/runner');

type Environment = Readonly<Record<string, string | undefined>>;

/** `cache`: a folder for what is compiled; problems that share it share the compiled harness. */
interface Place {
  readonly env: Environment;
  readonly cache: string;
}

const Tried = z.strictObject({
  refused: z.string().nullable(),
  trials: z.record(z.string(), z.strictObject({ case: z.string(), verdict: z.string() }).nullable()),
});

export interface ProblemCheck {
  readonly problem: string;
  /** False: it judges nobody, or something wrong passes. */
  readonly ok: boolean;
  /** Why it cannot tell right from wrong at all; null where it can. */
  readonly refused: string | null;
  /** Each wrong version, and the case that found it first; null where it passed. */
  readonly mutants: readonly { readonly name: string; readonly foundBy: string | null }[];
  /** What its cases leave out, whether or not a version of the reference shows it. */
  readonly gaps: readonly string[];
}

/** `problem`: a folder, or a name in the kernels folder. Throws INVALID_PROBLEM. */
export const checkProblem = async (
  problem: string,
  { root, env }: { readonly root: string; readonly env: Environment },
): Promise<ProblemCheck> => {
  const folder = isProblemFolder(problem) ? problem : join(loadKilnConfig({ root, env }).kernelsDir, problem);
  if (!existsSync(folder))
    throw new KilnError('UNKNOWN_PROBLEM', `there is no problem "${problem}": name a folder or one of kernels/`);
  return withCache(async (cache) => checkLoaded(loadProblem(folder), { env, cache }));
};

/** The quick part, in a second or two: `refused` says why it could judge nobody, and is null where one case came out right. */
export const tryProblem = async (
  loaded: LoadedProblem,
  { env, cache }: Place,
): Promise<{ readonly case: string; readonly refused: string | null } | null> => {
  if (!loaded.targets.includes('cpu')) return null;
  const definition = loaded.definitionFor('cpu', 'native');
  const [smallest] = definition.cases.filter(({ kind }) => kind === 'check').toSorted((a, b) => sizeOf(a) - sizeOf(b));
  if (!smallest) return null;
  const { refused } = await tryThem({ definition: { ...definition, cases: [smallest] }, trials: [] }, { env, cache });
  return { case: smallest.name, refused };
};

const sizeOf = ({ tensors }: DefinedCase): number => tensors.reduce((sum, { elements }) => sum + elements, 0);

export const checkLoaded = async (loaded: LoadedProblem, place: Place): Promise<ProblemCheck> => {
  const { name } = loaded.problem;
  if (!loaded.targets.includes('cpu'))
    return {
      problem: name,
      ok: true,
      refused: null,
      mutants: [],
      gaps: ['no C reference: nothing was tried', ...gapsOf(loaded)],
    };
  const definition = loaded.definitionFor('cpu', 'native');
  const { own, wrong } = mutantsOf(definition);
  const { refused, trials } = await tryThem({ definition, trials: [...(own ? [own] : []), ...wrong] }, place);
  const failed = own && trials[own.name] ? `its own reference is judged ${trials[own.name]?.verdict}` : null;
  const tried = refused === null ? wrong.map(({ name: of }) => ({ name: of, foundBy: trials[of]?.case ?? null })) : [];
  const ok = refused === null && failed === null && tried.every(({ foundBy }) => foundBy !== null);
  return { problem: name, ok, refused: refused ?? failed, mutants: tried, gaps: gapsOf(loaded) };
};

const gapsOf = ({ problem }: LoadedProblem): readonly string[] => [
  ...(problem.hidden ? [] : ['no `hidden` bounds: a kernel may be right for the declared shapes alone']),
  ...(problem.check.some(({ distributions }) => distributions)
    ? []
    : ['no check case with `distributions`: only well-behaved inputs are tried']),
  ...(problem.check.some(({ shape }) => Object.values(shape).some((size) => size % 2 === 1))
    ? []
    : ['no check case of an odd size']),
  ...lengthGaps(problem),
];

/** Runs `work` with a folder that is there as long as it runs. */
export const withCache = async <T>(work: (cache: string) => Promise<T>): Promise<T> => withTemporaryFolder('kiln-problem-', work);

const tryThem = async (
  asked: { readonly definition: object; readonly trials: readonly Mutant[] },
  { env, cache }: Place,
): Promise<z.infer<typeof Tried>> => {
  const child = spawn('python3', ['-m', 'kiln_runner', 'try-problem', '--cache', cache], {
    env: { ...env, PYTHONPATH: RUNNER },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TRY_LIMIT_MS,
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // It may end before it has read all: what it said tells why.
  child.stdin.on('error', () => undefined).end(JSON.stringify(asked));
  const [out, complaint, code] = await unlessEnded(
    () => child.kill(),
    async () => Promise.all([text(child.stdout), text(child.stderr), ended]),
  );
  const why = child.killed ? `it was not done within ${TRY_LIMIT_MS / 1000} s` : complaint.trim().split('\n').at(-1);
  if (code !== 0) throw new KilnError('INTERNAL', `the problem could not be tried: ${why}`);
  return Tried.parse(JSON.parse(out));
};
