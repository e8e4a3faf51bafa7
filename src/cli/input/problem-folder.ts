/** A new problem's folder. Nothing that is there is written over. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KilnError } from '../../domain/errors.ts';

/** Throws INVALID_REQUEST where it, or something else of its name, is there. */
export const refuseThere = (folder: string): void => {
  if (existsSync(folder))
    throw new KilnError('INVALID_REQUEST', `${folder} is there already: take another name, or change what is in it`);
};

/** `files`: path in the folder -> text. Returns the folder. */
export const writeProblemFolder = (kernelsDir: string, name: string, files: Readonly<Record<string, string>>): string => {
  const folder = join(kernelsDir, name);
  refuseThere(folder);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text, { flag: 'wx' });
  }
  return folder;
};
