/** What bench/gpu/triton-check judges, as one JSON document on stdout: problems with their Triton seeds over a small grid of params. */
import { resolveCandidate } from '../../src/problems/resolve-candidate.ts';
import { type LoadedProblem, loadProblems } from '../../src/problems/load-problems.ts';
import { languageOfFile } from '../../src/domain/plan/language-of-file.ts';
import { join } from 'node:path';
import type { Params } from '../../src/domain/plan/plan.ts';

const ARCHITECTURE = process.argv[2] ?? 'sm_90a';
const TARGET = 'gpu';

/** Beside the defaults of each seed's header. */
const GRIDS: Readonly<Record<string, readonly Params[]>> = {
  'softmax/seeds/1-triton-rows.py': [{ WARPS: 8 }, { BLOCK: 4096 }, { BLOCK: 4096, WARPS: 8 }, { BLOCK: 8192, WARPS: 16 }],
  'rmsnorm/seeds/1-triton-rows.py': [{ WARPS: 4 }, { WARPS: 16 }, { BLOCK: 2048, WARPS: 4 }, { BLOCK: 8192 }],
  'matmul/seeds/1-triton-dot.py': [
    { STAGES: 4 },
    { GROUP: 16 },
    { BM: 128, BN: 256 },
    { BM: 128, WARPS: 4, STAGES: 4 },
    { BM: 128, WARPS: 4, STAGES: 4, GROUP: 16 },
  ],
};

const candidateOf = (loaded: LoadedProblem, file: string, params: Params) => {
  const language = languageOfFile(file);
  if (!language) throw new Error(`${file} is in no language`);
  const content = { language, source: loaded.files[file] ?? '', params };
  const resolved = resolveCandidate(loaded, { target: TARGET, architecture: ARCHITECTURE, content });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.outcome));
  const setting = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return { name: [file.replace('seeds/', ''), ...setting].join(' '), unit: resolved.unit, plans: resolved.plans };
};

const candidatesOf = (loaded: LoadedProblem) => {
  const seeds = Object.keys(loaded.files).filter((file) => file.startsWith('seeds/') && /\.(cu|py)$/.test(file));
  return seeds.flatMap((file) =>
    [{}, ...(GRIDS[`${loaded.problem.name}/${file}`] ?? [])].map((params) => candidateOf(loaded, file, params)),
  );
};

const work = [...loadProblems(join(import.meta.dirname, '../../kernels')).values()]
  .filter(({ files }) => Object.keys(files).some((file) => file.startsWith('seeds/') && file.endsWith('.py')))
  .map((loaded) => ({ definition: loaded.definitionFor(TARGET, ARCHITECTURE), candidates: candidatesOf(loaded) }));
process.stdout.write(JSON.stringify(work));
