import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { KilnError } from '../../../domain/errors.ts';
import { withTemporaryFolder } from '../../../platform/clean-up.ts';
import { plainText } from '../../../platform/printable-text.ts';
import { type Imported, importT1, problemNameOf } from '../../../importers/kerneltuner/import-t1.ts';
import { recordScript } from '../../../importers/kerneltuner/record-script.ts';
import { parseT1 } from '../../../importers/kerneltuner/t1.ts';
import { freeProblemName } from '../../../importers/programs/names.ts';
import { note, print, printJson, type GlobalOptions } from '../../context.ts';
import { refuseThere, writeProblemFolder } from '../../input/problem-folder.ts';
import { readText } from '../../input/source-file.ts';
import { placeOf } from './import-programs.ts';

interface ImportOptions {
  readonly name?: string;
  readonly device: string;
  readonly to?: string;
}

export const addKernelTuner = (program: Command, importing: Command): void => {
  importing
    .command('kerneltuner')
    .description('a tuning problem in the T1 form, or a script that calls tune_kernel: a folder with problem, kernel and sweep')
    .argument('<file>', 'the problem (.json), or the script (.py): it is run on this machine, and tunes nothing')
    .option('--name <name>', "the problem's name (default: the benchmark's, or the kernel's)")
    .option('-d, --device <class>', 'device class of its sweep', 'H100')
    .option('--to <folder>', 'where the folder is made (default: the kernels folder)')
    .action(async (file: string, options: ImportOptions) => {
      const { json = false } = program.opts<GlobalOptions>();
      const imported = file.endsWith('.py') ? await importScript(file, options) : [await importFile(file, options, new Set())];
      const to = placeOf(options);
      // All or nothing.
      for (const { name } of imported) refuseThere(join(to, name));
      const folders = imported.map(({ name, files }) => writeProblemFolder(to, name, files));
      if (json) printJson(imported.map(({ name, notes }, index) => ({ name, folder: folders[index], notes })));
      else print(imported.map((one, index) => importedText(one, folders[index] ?? '')).join('\n'));
    });
};

/** `taken`: names of problems that came before; this one is another. */
const importFile = async (file: string, { name: wished, device }: ImportOptions, taken: Set<string>): Promise<Imported> => {
  const t1 = parseT1(await readText(file), file);
  // One script may tune one kernel several times.
  const name = wished ?? freeProblemName(problemNameOf(t1), taken);
  return importT1(t1, { source: await kernelOf(t1.KernelSpecification.KernelFile, file), name, device });
};

/** Beside the problem's file, or beside its folder. */
const kernelOf = async (kernelFile: string, file: string): Promise<string> => {
  const folder = dirname(resolve(file));
  for (const base of [folder, dirname(folder)]) {
    const text = await readFile(resolve(base, kernelFile), 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  throw new KilnError('INVALID_REQUEST', `KernelFile: ${kernelFile} is neither in ${folder} nor beside it`);
};

const importScript = async (script: string, options: ImportOptions): Promise<readonly Imported[]> =>
  withTemporaryFolder('kiln-import-', async (folder) => {
    const { files, complaint } = await recordScript(script, folder);
    if (complaint !== null) note(`the script ended badly after its last tune_kernel: ${plainText(complaint)}`);
    if (files.length > 1 && options.name !== undefined)
      throw new KilnError('INVALID_REQUEST', `--name: ${script} tunes ${files.length} kernels; leave the name out`);
    const [imported, taken] = [[] as Imported[], new Set<string>()];
    for (const file of files) imported.push(await importFile(file, options, taken));
    return imported;
  });

const importedText = ({ name, notes }: Imported, folder: string): string =>
  [
    `${name}  ${folder}`,
    'its reference is the kernel itself at one point: put an obviously right one there (README.md says more)',
    ...notes.map((one) => `note: ${plainText(one)}`),
    `kiln problem reload has the daemon read it; then: kiln sweep start ${join(folder, 'sweep.yaml')} --watch`,
  ].join('\n');
