/** Languages of sources by what their files are called. */
import { ownValue } from '../../platform/own-value.ts';
import type { Language } from './plan.ts';

const LANGUAGE_OF_ENDING: Readonly<Record<string, Language>> = { cu: 'cuda', c: 'c', py: 'triton' };

/** By its ending: `.cu`, `.c`, `.py`. Undefined for any other file. */
export const languageOfFile = (file: string): Language | undefined =>
  ownValue(LANGUAGE_OF_ENDING, /\.(\w+)$/u.exec(file)?.[1] ?? '');
