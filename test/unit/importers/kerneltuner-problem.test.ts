import { describe, expect, test } from 'vitest';
import { importT1 } from '../../../src/importers/kerneltuner/import-t1.ts';
import { parseT1 } from '../../../src/importers/kerneltuner/t1.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';

const PARAMETER = { Name: 'block_size_x', Type: 'int', Values: '[32, 64]' };
const VECTOR = { Name: 'out', Type: 'float', MemoryType: 'Vector', Size: 1024, AccessType: 'WriteOnly' };
const problem = (parameters: readonly object[], args: readonly object[] = [VECTOR]) =>
  parseT1(
    JSON.stringify({
      ConfigurationSpace: { TuningParameters: parameters },
      KernelSpecification: {
        Language: 'CUDA',
        KernelName: 'fill',
        KernelFile: 'fill.cu',
        GlobalSize: { X: '1024' },
        LocalSize: { X: 'block_size_x' },
        ProblemSize: 1024,
        Arguments: args,
      },
    }),
    'fill.json',
  );
const imported = (...given: Parameters<typeof problem>) =>
  importT1(problem(...given), { source: '__global__ void fill(float* out) {}\n', device: 'H100' });

describe('a tuning problem', () => {
  test.each([
    ['1024 values in steps', 'range(32, 32 + 1024)', 1024],
    ['1024 values in steps of 8', 'range(8, 8 * 1025, 8)', 1024],
    ['900 values without an order of their own', '[i * i for i in range(1, 901)]', 900],
  ])('with %s has a header that Kiln reads', (_name, Values, count) => {
    const { files } = imported([
      { ...PARAMETER, Name: 'block_size_x', Values: '[32, 64]' },
      { ...PARAMETER, Name: 'TILE', Values },
    ]);
    const header = parseHeader(files['seeds/1-kernel.cu'] ?? '', 'cuda');
    expect(header).toMatchObject({ ok: true });
    expect(header.ok && header.plan.space?.['TILE']).toHaveLength(count);
  });

  test('whose params or arguments have one name twice is refused: one of them would be left out in silence', () => {
    expect(() => imported([PARAMETER, { ...PARAMETER, Values: '[128]' }])).toThrow(
      /TuningParameters\.block_size_x: there are two of this name/,
    );
    expect(() => imported([PARAMETER], [VECTOR, { ...VECTOR, AccessType: 'ReadOnly' }])).toThrow(
      /Arguments\[1\]: there are two of the name "out"/,
    );
  });

  test('of which a type is none is refused, also where it is called what every object has', () => {
    expect(() => imported([PARAMETER], [{ ...VECTOR, Type: 'constructor' }])).toThrow(/type constructor is not taken/);
    const scalar = { Name: 'n', Type: 'valueOf', MemoryType: 'Scalar', FillValue: 3 };
    expect(() => imported([PARAMETER], [VECTOR, scalar])).toThrow(/a scalar of type valueOf is not taken/);
  });

  test('whose search is none of ours is tuned by the forest', () => {
    const t1 = { ...problem([PARAMETER]), Search: { Name: 'constructor' } };
    const { files } = importT1(t1, { source: '__global__ void fill(float* out) {}\n', device: 'H100' });
    expect(files['sweep.yaml']).toContain('strategy: forest');
  });

  test('says how a daemon that runs takes it up', () => {
    expect(imported([PARAMETER]).files['README.md']).toContain('kiln problem reload');
  });
});
