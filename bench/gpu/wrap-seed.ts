/** A seed with host code around it, as people write such: its launches for every case, chosen by the shapes of the tensors that it is handed. Pure. */
import type { Program } from '../../src/domain/program.ts';
import type { ResolvedArg, ResolvedPlan } from '../../src/domain/plan/resolved-plan.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';
import { parseHeader } from '../../src/problems/parse-header.ts';
import { resolveCandidate } from '../../src/problems/resolve-candidate.ts';
import { resolveProgram } from '../../src/problems/resolve-program.ts';

export interface Wrapped {
  readonly source: string;
  readonly files: Program['files'];
}

interface Seed {
  readonly language: 'cuda' | 'triton';
  readonly source: string;
}

/** Null where its plan does not resolve, or needs what the wrapper has not: clusters, blocks that wait for each other, symbols, options of the compiler. */
export const wrapSeed = (loaded: LoadedProblem, seed: Seed): Wrapped | null => {
  const content = { ...seed, params: {} };
  const resolved = resolveCandidate(loaded, { target: 'gpu', architecture: 'sm_90a', content });
  if (!resolved.ok || resolved.unit.language === 'python') return null;
  const plans = Object.values(resolved.plans);
  const isBeyond = plans.some(
    ({ launches, symbols }) =>
      symbols !== undefined || launches.some(({ cluster, cooperative }) => cluster !== null || cooperative === true),
  );
  if (isBeyond || resolved.unit.compile !== undefined) return null;
  const table = tableOf(loaded, resolved.plans);
  const { params, numWarps, numStages } = resolved.unit;
  if (seed.language === 'triton') return tritonProgram({ seed, table, params, numWarps, numStages });
  return cudaProgram({
    seed,
    table,
    params,
    kernels: [...new Set(plans.flatMap(({ launches }) => launches.map(({ kernel }) => kernel)))],
  });
};

/** Python: shapes of all tensors -> launches. */
const tableOf = (loaded: LoadedProblem, plans: Readonly<Record<string, ResolvedPlan>>): string => {
  const program = {
    entry: { file: 'x.py', symbol: 'x', style: 'function' as const },
    files: [],
    environment: 'torch',
    prefer: 'recorded' as const,
  };
  const { calls } = resolveProgram({ source: '', program }, { problem: loaded.problem, target: 'gpu', architecture: 'sm_90a' });
  const rows = calls.cases.flatMap(({ name, tensors }) => {
    const plan = plans[name];
    return plan ? [`    ${tupleOf(tensors.map(({ shape }) => tupleOf(shape)))}: ${launchesOf(plan)},`] : [];
  });
  const names = loaded.problem.tensors;
  const ordered = [
    ...Object.keys(names).filter((name) => names[name]?.role !== 'out'),
    ...Object.keys(names).filter((name) => names[name]?.role === 'out'),
  ];
  return [
    `NAMES = ${JSON.stringify(Object.keys(names))}`,
    `ORDER = ${JSON.stringify(ordered)}`,
    'CASES = {',
    ...new Set(rows),
    '}',
  ].join('\n');
};

const tupleOf = (items: readonly (string | number)[]): string => `(${items.map((item) => `${item}, `).join('')})`;

const launchesOf = ({ launches, scratch }: ResolvedPlan): string =>
  JSON.stringify(
    launches.map(({ kernel, grid, block, shared, args }) => [
      kernel,
      grid,
      block,
      shared,
      args.map((arg) => argOf(arg, scratch)),
    ]),
  );

/** ["t", name], ["s", name, bytes], or [type, value]. */
const argOf = (arg: ResolvedArg, scratch: Readonly<Record<string, number>>): readonly (string | number)[] => {
  switch (arg.kind) {
    case 'tensor':
      return ['t', arg.name];
    case 'scratch':
      return ['s', arg.name, scratch[arg.name] ?? 0];
    case 'scalar':
      return [arg.dtype, arg.value];
  }
};

const LOOK_UP = `def launches(data):
    named = dict(zip(ORDER, data))
    found = CASES[tuple(tuple(named[name].shape) for name in NAMES)]
    # What several launches work with is one buffer.
    scratch = {arg[1]: torch.empty(arg[2], dtype=torch.uint8, device="cuda") for launch in found for arg in launch[-1] if arg[0] == "s"}
    return {**named, **scratch}, found
`;

interface TritonParts {
  readonly seed: Seed;
  readonly table: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly numWarps: number | null;
  readonly numStages: number | null;
}

const tritonProgram = ({ seed, table, params, numWarps, numStages }: TritonParts): Wrapped => {
  const header = parseHeader(seed.source, 'triton');
  const known = header.ok ? Object.keys(header.plan.params) : [];
  const used = known.filter((name) => new RegExp(`\\b${name}: tl\\.constexpr`, 'u').test(seed.source));
  const options = [
    ...used.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(params[name])}`),
    ...(numWarps === null ? [] : [`"num_warps": ${numWarps}`]),
    ...(numStages === null ? [] : [`"num_stages": ${numStages}`]),
  ];
  const source = `import torch
import seed

${table}
OPTIONS = {${options.join(', ')}}


${LOOK_UP}

def custom_kernel(data):
    named, found = launches(data)
    for kernel, grid, _block, _shared, args in found:
        values = [named[arg[1]] if arg[0] in "ts" else arg[1] for arg in args]
        function = getattr(seed, kernel)
        options = {name: value for name, value in OPTIONS.items() if name in ("num_warps", "num_stages") or name in function.arg_names}
        function[tuple(grid)](*values, **options)
`;
  return { source, files: [{ path: 'seed.py', content: seed.source }] };
};

interface CudaParts {
  readonly seed: Seed;
  readonly table: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly kernels: readonly string[];
}

const cudaProgram = ({ seed, table, params, kernels }: CudaParts): Wrapped => {
  const defines = Object.entries(params).map(([name, value]) => `#define ${name} ${value}`);
  const code = `${defines.join('\n')}\n${seed.source}\n${launcher(kernels)}`;
  const source = `import torch
from torch.utils.cpp_extension import load_inline

CODE = open(__file__.rsplit("/", 1)[0] + "/seed.cu").read()
DECLARED = "void launch(int64_t kernel, std::vector<int64_t> shape, std::vector<std::string> kinds, std::vector<double> numbers, std::vector<int64_t> places);"
module = load_inline(name="seed", cpp_sources=DECLARED, cuda_sources=CODE, functions=["launch"], extra_cuda_cflags=["-O3", "--std=c++17"])

KERNELS = ${JSON.stringify(kernels)}
${table}


${LOOK_UP}

def custom_kernel(data):
    named, found = launches(data)
    for kernel, grid, block, shared, args in found:
        numbers = [0.0 if arg[0] in "ts" else float(arg[1]) for arg in args]
        places = [named[arg[1]].data_ptr() if arg[0] in "ts" else 0 for arg in args]
        module.launch(KERNELS.index(kernel), [*grid, *block, shared], [arg[0] for arg in args], numbers, places)
`;
  return { source, files: [{ path: 'seed.cu', content: code }] };
};

const launcher = (kernels: readonly string[]): string => `
#include <torch/extension.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>
#include <cstring>
#include <string>
#include <vector>

void launch(int64_t kernel, std::vector<int64_t> shape, std::vector<std::string> kinds, std::vector<double> numbers, std::vector<int64_t> places) {
  const void* kernels[] = {${kernels.map((name) => `(const void*)&${name}`).join(', ')}};
  std::vector<uint64_t> values(kinds.size());
  std::vector<void*> arguments(kinds.size());
  for (size_t at = 0; at < kinds.size(); ++at) {
    arguments[at] = &values[at];
    if (kinds[at] == "t" || kinds[at] == "s") values[at] = (uint64_t)places[at];
    else if (kinds[at] == "i32") { int value = (int)numbers[at]; std::memcpy(&values[at], &value, 4); }
    else if (kinds[at] == "u32") { unsigned value = (unsigned)numbers[at]; std::memcpy(&values[at], &value, 4); }
    else if (kinds[at] == "i64") { int64_t value = (int64_t)numbers[at]; std::memcpy(&values[at], &value, 8); }
    else if (kinds[at] == "f32") { float value = (float)numbers[at]; std::memcpy(&values[at], &value, 4); }
    else std::memcpy(&values[at], &numbers[at], 8);
  }
  if (shape[6] > 48 * 1024)
    TORCH_CHECK(cudaFuncSetAttribute(kernels[kernel], cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shape[6]) == cudaSuccess);
  dim3 grid(shape[0], shape[1], shape[2]), block(shape[3], shape[4], shape[5]);
  TORCH_CHECK(cudaLaunchKernel(kernels[kernel], grid, block, arguments.data(), (size_t)shape[6], c10::cuda::getCurrentCUDAStream()) == cudaSuccess);
}
`;
