import type { CompileUnit, KernelUnit } from '../../src/domain/protocol.ts';

/** Of a candidate that is no program. */
export const kernelUnit = (unit: CompileUnit): KernelUnit => {
  if (unit.language === 'python') throw new Error('it is a program');
  return unit;
};
