/** Files that a source in C or CUDA includes by `#include "path"`. Pure. */
import { posix } from 'node:path';
import type { Language } from './plan/plan.ts';

/** Path, as it is included, -> text. */
export type Files = Readonly<Record<string, string>>;

/** Sources of others have no such lines. */
export const canInclude = (language: Language | undefined): language is 'cuda' | 'c' => language === 'cuda' || language === 'c';

const INCLUDE = /^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"[ \t]*(?:\/\/.*|\/\*.*\*\/[ \t]*)?\r?$/u;

/** Beside the file that includes it, whose folder is `folder`, or from the top; undefined: the line includes no file that is there. */
export const pathOf = (line: string, folder: string, isThere: (path: string) => boolean): string | undefined => {
  const asked = INCLUDE.exec(line)?.[1];
  return asked === undefined ? undefined : [posix.join(folder, asked), asked].find((path) => isThere(path));
};

/** What `source` includes, and what that includes in turn. `textOf`: of a path from the top; undefined where there is no such file. */
export const filesReached = (source: string, textOf: (path: string) => string | undefined): Files => {
  const found = new Map<string, string>();
  const isThere = (path: string): boolean => {
    const text = found.get(path) ?? textOf(path);
    if (text === undefined) return false;
    if (!found.has(path)) waiting.push({ path, text });
    found.set(path, text);
    return true;
  };
  const waiting = [{ path: '', text: source }];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const folder = posix.dirname(one.path);
    for (const line of one.text.split('\n')) pathOf(line, folder, isThere);
  }
  return Object.fromEntries(found);
};
