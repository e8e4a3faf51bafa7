/** Files of KernelBench: one, or all of a checkout's levels. */
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { filesBelow, textWithin } from '../programs/checkout.ts';
import { orReason } from '../programs/refused-file.ts';
import type { RefusedSource, Source } from '../programs/source.ts';
import { kernelBenchSource } from './kernelbench-source.ts';

/** `level`: only this one. */
export const findKernelBenchFiles = (path: string, level: number | undefined): readonly (Source | RefusedSource)[] => {
  const given = resolve(path);
  if (statSync(given).isFile()) return [sourceAt(dirname(given), basename(given), given)];
  const own = levelOf(basename(given));
  const wanted = (file: string): boolean => {
    const at = file.includes('/') ? levelOf(file.split('/').at(-2) ?? '') : own;
    return file.endsWith('.py') && /^\d+_/u.test(basename(file)) && at !== null && (level === undefined || at === level);
  };
  return filesBelow(given, wanted).map((file) => sourceAt(given, file, join(given, file)));
};

const sourceAt = (root: string, label: string, path: string): Source | RefusedSource =>
  orReason(label, () => kernelBenchSource({ label, level: levelOf(basename(dirname(path))), text: textWithin(root, path) }));

/** "level2" -> 2 */
const levelOf = (folder: string): number | null => {
  const [, digits] = /^level(\d{1,2})$/u.exec(folder) ?? [];
  return digits === undefined ? null : Number(digits);
};
