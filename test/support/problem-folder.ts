/** A problem in a folder of its own, written anew with what a test changes of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { stringify } from 'yaml';
import { KilnError } from '../../src/domain/errors.ts';
import { loadProblem } from '../../src/problems/load-problems.ts';

/** For each test of the file anew. `files`: beside problem.yaml. */
export const problemFolder = (problem: { readonly name: string }, files: Readonly<Record<string, string>>) => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kiln-problems-'));
    mkdirSync(join(root, problem.name));
    for (const [name, content] of Object.entries(files)) write(name, content);
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const write = (name: string, content: string): void => writeFileSync(join(root, problem.name, name), content);
  const load = (changes: object = {}) => {
    write('problem.yaml', stringify({ ...problem, ...changes }, { aliasDuplicateObjects: false }));
    return loadProblem(join(root, problem.name));
  };
  const complaint = (changes: object): string => {
    try {
      load(changes);
    } catch (error) {
      if (error instanceof KilnError) return error.message;
      throw error;
    }
    throw new Error('the folder was accepted');
  };
  return { write, load, complaint };
};
