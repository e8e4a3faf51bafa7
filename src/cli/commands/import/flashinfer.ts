import type { Command } from 'commander';
import { KilnError } from '../../../domain/errors.ts';
import { importFlashInfer } from '../../../importers/flashinfer/find-definitions.ts';
import { findIn, type ImportOptions, placeOf, writeAll } from './import-programs.ts';

type Options = Pick<ImportOptions, 'name' | 'to'>;

export const addFlashInfer = (program: Command, importing: Command): void => {
  importing
    .command('flashinfer')
    .description(
      "a definition of FlashInfer-Trace, or all of a dataset: its run becomes a problem's reference, its workloads the cases",
    )
    .argument('<path>', 'the definition, or the folder that holds definitions and workloads')
    .option('--name <name>', "the problem's name, of one definition (default: its own)")
    .option('--to <folder>', 'where the folders are made (default: the kernels folder)')
    .action((path: string, options: Options) => {
      const results = findIn(path, (given) => importFlashInfer(given, options.name));
      if (options.name !== undefined && results.length > 1)
        throw new KilnError('INVALID_REQUEST', `--name: there are ${results.length} definitions; leave the name out`);
      writeAll(program, results, placeOf(options));
    });
};
