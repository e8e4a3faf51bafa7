import { expect, test } from 'vitest';
import { problemDataOf } from '../../../../src/mcp/answers/problem-data.ts';
import { getProblem } from '../../../../src/mcp/tools/problem-tools.ts';
import { Problem } from '../../../../src/domain/problem.ts';
import { PROBLEM } from '../../../support/server/fake-problem.ts';

const reference = { file: 'reference.py', symbol: 'ref_kernel', style: 'custom_kernel' as const, files: ['utils.py'] };
const problem = Problem.parse({ ...PROBLEM, gpu: { reference } });
const files = { 'reference.py': 'import utils\n', 'utils.py': 'x = 1\n', 'reference.c': 'int f();\n', 'baseline.c': '' };
const about = 'a program: ref_kernel is called as custom_kernel, in environment torch';

test('a reference that is a program is told by its file, and how it is called beside it', () => {
  const data = problemDataOf({ problem, readme: '', files }, ['cuda']);
  expect(data.reference).toEqual({ name: 'reference.py', about, source: 'import utils\n\n# utils.py\nx = 1' });
  expect(getProblem.text(data)).toContain(`Reference, reference.py, ${about}:\n\`\`\`\`python\nimport utils\n`);
});

test('one that is a kernel is told by its file alone', () => {
  const data = problemDataOf({ problem, readme: '', files }, ['c']);
  expect(data.reference).toEqual({ name: 'reference.c', about: '', source: 'int f();' });
  expect(getProblem.text(data)).toContain('Reference, reference.c:\n````\nint f();');
});

test('the table of seeds goes without the rest of the text, and no other table loses its rule', () => {
  const readme =
    '# Scaled\n\n| tensor | shape | |\n|---|---|---|\n| `x` | `[n]` | |\n\n| seed | what it does |\n|---|---|\n| `1-plain.c` | one loop |\n\nMind n.';
  const { statement } = problemDataOf({ problem, readme, files }, ['c']);
  expect(statement).toBe('# Scaled\n\n| tensor | shape | |\n|---|---|---|\n| `x` | `[n]` | |\n\nMind n.');
});

test('cases are told without the names of their variables, and what is usual of a distribution without numbers', () => {
  const drawn = { x: { kind: 'normal' as const, mean: 2, std: 1 } };
  const check = [...problem.check, { name: 'odd', shape: { n: 7 }, distributions: drawn }];
  const { definition } = problemDataOf({ problem: { ...problem, check }, readme: '', files }, ['c']);
  expect(definition).toMatch(/^check cases, of n: \w+ \d+; .*odd 7 \(x normal mean 2\)$/m);
  expect(definition).toMatch(/^tensor \w+: f32\[n\], in, normal$/m);
});
