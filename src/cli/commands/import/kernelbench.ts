import type { Command } from 'commander';
import { findKernelBenchFiles } from '../../../importers/kernelbench/find-files.ts';
import { wholeNumber } from '../../input/whole-number.ts';
import { importAll, type ImportOptions, withImportOptions } from './import-programs.ts';

interface Options extends ImportOptions {
  readonly level?: number;
}

export const addKernelBench = (program: Command, importing: Command): void => {
  const command = importing
    .command('kernelbench')
    .description("a file of KernelBench, or all of a checkout: its Model becomes a problem's reference")
    .argument('<path>', 'the file, or the checkout')
    .option('--level <number>', 'of a checkout: only this level', wholeNumber(1, 99));
  withImportOptions(command).action(async (path: string, options: Options) => {
    await importAll(program, { path, find: (given) => findKernelBenchFiles(given, options.level), options });
  });
};
