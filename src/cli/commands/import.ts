import type { Command } from 'commander';
import { addFlashInfer } from './import/flashinfer.ts';
import { addGpuMode } from './import/gpumode.ts';
import { addKernelBench } from './import/kernelbench.ts';
import { addKernelTuner } from './import/kerneltuner.ts';

export const addImport = (program: Command): void => {
  const importing = program.command('import').description('problems of other tools as problems of Kiln (docs/importers.md)');
  addKernelTuner(program, importing);
  addGpuMode(program, importing);
  addKernelBench(program, importing);
  addFlashInfer(program, importing);
};
