/** The folder that describe.py works on: a folder for each source, and what is asked of them. Pure. */
import { CASE_BYTES_MAX } from '../../domain/case-limits.ts';
import type { Source } from './source.ts';

export const TASKS_FILE = 'tasks.json';
const MEMORY_BYTES_MAX = 8 * 2 ** 30;

/** Path -> text. `seconds`: that describing one may take. */
export const taskFolder = (sources: readonly Source[], seconds: number): Readonly<Record<string, string>> => {
  const files = sources.flatMap((source, index) =>
    Object.entries(source.files).map(([name, text]) => [`${index}/${name}`, text] as const),
  );
  const tasks = sources.map(({ kind, cases }, index) => ({
    kind,
    file: `${index}/reference.py`,
    cases,
    bytesMax: CASE_BYTES_MAX,
  }));
  return { ...Object.fromEntries(files), [TASKS_FILE]: JSON.stringify({ seconds, memoryBytes: MEMORY_BYTES_MAX, tasks }) };
};
