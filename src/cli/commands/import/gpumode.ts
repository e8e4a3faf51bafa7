import type { Command } from 'commander';
import { findGpuModeTasks } from '../../../importers/gpumode/find-tasks.ts';
import { importAll, type ImportOptions, withImportOptions } from './import-programs.ts';

export const addGpuMode = (program: Command, importing: Command): void => {
  const command = importing
    .command('gpumode')
    .description(
      "a task of GPU MODE (a folder with task.yml), or all of a checkout: its reference.py becomes a problem's reference",
    )
    .argument('<path>', "the task's folder, or the checkout");
  withImportOptions(command).action(async (path: string, options: ImportOptions) => {
    await importAll(program, { path, find: findGpuModeTasks, options });
  });
};
