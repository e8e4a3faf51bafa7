/** The files of a problem to begin with. */

const yaml = (name: string): string => `name: ${name}
title: ${name}, f32
description: out[i] = 2 * x[i]. Say here what the kernel computes and what bounds it.
variables: [n]
tensors:
  x: {dtype: f32, shape: [n], role: in, distribution: {kind: normal}}
  out: {dtype: f32, shape: [n], role: out}
# How far an output may be from the reference: each element by rtol and atol, the whole by relative_l2.
tolerance: {rtol: 0, atol: 0, relative_l2: 1.0e-7}
# Shapes that are only checked: one element, odd sizes, and inputs that are hard.
check:
  - {name: one, shape: {n: 1}}
  - {name: odd, shape: {n: 1003}}
  - name: magnitudes
    shape: {n: 4099}
    distributions:
      x: {kind: mixture, of: [{share: 0.25, kind: zeros}, {share: 0.25, kind: subnormal}, {share: 0.25, kind: exponents, low: -126, high: 126}, {share: 0.25, kind: normal}]}
# One more check case of any shape within these bounds, drawn for every judgement.
hidden:
  n: {min: 1, max: 300000}
# Shapes that are timed.
bench:
  gpu:
    - {name: 16M, shape: {n: 16777216}}
  cpu:
    - {name: 256K, shape: {n: 262144}}
# What no kernel can avoid: the physical limit that times are held against.
floor:
  read_bytes: 4*n
  write_bytes: 4*n
  flops: n
  unit: f32
gpu: {reference: reference.cu, baseline: baseline.cu}
cpu: {reference: reference.c, baseline: baseline.c}
`;

const c = (kernel: string): string => `/* kiln
launch:
  - kernel: ${kernel}
    args: [x, out, n]
*/
void ${kernel}(const float* x, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = 2.0f * x[i];
}
`;

const cuda = (kernel: string): string => `/* kiln
launch:
  - kernel: ${kernel}
    grid: ["ceil_div(n, 256)"]
    block: [256]
    args: [x, out, n]
*/
extern "C" __global__ void ${kernel}(const float* x, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 2.0f * x[i];
}
`;

const readme = (name: string): string => `# ${name}

What it computes, in a formula; what bounds it; what good kernels do. Agents are given this text.

- \`reference.*\`: plain and precise. It says what is right, so it must be obvious.
- \`baseline.*\`: plain. It is 1.00x of the ranking.
- \`seeds/\`: good candidates to begin with, best of all some that differ.
`;

export const problemTemplate = (name: string): Readonly<Record<string, string>> => ({
  'problem.yaml': yaml(name),
  'reference.c': c(`${name}_reference`),
  'baseline.c': c(name),
  'reference.cu': cuda(`${name}_reference`),
  'baseline.cu': cuda(name),
  'seeds/1-plain.c': c(name),
  'seeds/1-plain.cu': cuda(name),
  'README.md': readme(name),
});
