import { expect, test } from 'vitest';
import { fleetCheckText } from '../../../../src/cli/output/problem-check.ts';
import { ProblemTried } from '../../../../src/domain/api/problem-check.ts';

const told = (library: ProblemTried['library'], ok = true): readonly string[] => {
  const where = { host: 'box', deviceId: 'GPU-1', deviceModel: 'NVIDIA H100', device: 'H100' };
  const mutants = [{ name: 'zeros', foundBy: 'odd' }];
  const tried = ProblemTried.parse({ problem: 'scale', ...where, ok, refused: null, mutants, library });
  return fleetCheckText('scale', { tried }).split('\n');
};

test('a check says of a library program that it passes, what is wrong with it, or why it was not tried', () => {
  const found = 'scale, on NVIDIA H100 of box: each of 1 wrong versions of its reference is found';
  expect(told(null)).toEqual([found, '  found    zeros, by case odd']);
  expect(told({ failed: null, untried: null }).at(-1)).toBe('  passes   its library program');
  expect(told({ failed: null, untried: 'no PyTorch' }).at(-1)).toBe('  untried  its library program: no PyTorch');
  const [summary, ...lines] = told({ failed: 'crashed: no', untried: null }, false);
  expect(summary).toBe('scale, on NVIDIA H100 of box: its library program is not right');
  expect(lines.at(-1)).toBe('  FAILS    its library program: crashed: no');
});
