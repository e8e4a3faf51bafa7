import type { Language } from '../../domain/plan/plan.ts';
import { recogniseProgram } from '../../domain/program-style.ts';

/** Whether it is a program, where those may be written. */
export const isProgram = (source: string, languages: readonly Language[]): boolean =>
  languages.includes('python') && recogniseProgram(source) !== null;
