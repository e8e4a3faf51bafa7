/** Definitions of FlashInfer-Trace with their workloads: of one file, or of a whole dataset. */
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { filesBelow, textWithin } from '../programs/checkout.ts';
import { freeProblemName, problemNameOf } from '../programs/names.ts';
import { orReason } from '../programs/refused-file.ts';
import type { ImportedProgram } from '../programs/import-sources.ts';
import type { RefusedSource } from '../programs/source.ts';
import { yamlText } from '../yaml-text.ts';
import { Definition, parseDocument, type Workload, WorkloadLine } from './documents.ts';
import { importDefinition } from './import-definition.ts';

const WORKLOADS_BYTES_MAX = 16 * 1024 * 1024;
const PARENTS_MAX = 6;

type Result = ImportedProgram | RefusedSource;

/** `path`: a definition's file, or a folder that has `definitions` and `workloads`. */
export const importFlashInfer = (path: string, name: string | undefined): readonly Result[] => {
  const given = resolve(path);
  const isFile = statSync(given).isFile();
  const root = isFile ? (rootOf(given) ?? dirname(given)) : given;
  const files = isFile ? [given] : filesBelow(root, isDefinition).map((file) => join(root, file));
  const workloads = workloadsBelow(root);
  const taken = new Set<string>();
  return files.map((file) => {
    const label = file.slice(root.length + 1);
    return orReason(label, () => importedAt({ root, file, label, workloads, taken, name }));
  });
};

const isDefinition = (path: string): boolean => path.endsWith('.json') && path.split('/').includes('definitions');

/** The folder above `definitions`, where a definition lies in one. */
const rootOf = (file: string): string | null => {
  let folder = dirname(file);
  for (let step = 0; step < PARENTS_MAX && dirname(folder) !== folder; step += 1) {
    if (basename(folder) === 'definitions') return dirname(folder);
    folder = dirname(folder);
  }
  return null;
};

/** By definition. A line that is none is as good as one that is not there: the report counts what a definition has. */
const workloadsBelow = (root: string): ReadonlyMap<string, readonly Workload[]> => {
  const found = new Map<string, Workload[]>();
  for (const file of filesBelow(root, (path) => path.endsWith('.jsonl') && path.split('/').includes('workloads'))) {
    for (const line of textWithin(root, join(root, file), WORKLOADS_BYTES_MAX).split('\n')) {
      const parsed = orReason(file, () => (line.trim() === '' ? null : parseDocument(line, WorkloadLine, 'workload')));
      if (parsed === null || 'refused' in parsed) continue;
      const known = found.get(parsed.definition) ?? [];
      known.push(parsed.workload);
      found.set(parsed.definition, known);
    }
  }
  return found;
};

interface At {
  readonly root: string;
  readonly file: string;
  readonly label: string;
  readonly workloads: ReadonlyMap<string, readonly Workload[]>;
  readonly taken: Set<string>;
  readonly name: string | undefined;
}

const importedAt = ({ root, file, label, workloads, taken, name }: At): ImportedProgram => {
  const definition = parseDocument(textWithin(root, file), Definition, 'definition');
  const own = workloads.get(definition.name) ?? [];
  const free = freeProblemName(name ?? problemNameOf(definition.name), taken);
  const { problem, notes } = importDefinition(definition, own, free);
  const files = {
    'problem.yaml': yamlText(problem),
    'reference.py': definition.reference.endsWith('\n') ? definition.reference : `${definition.reference}\n`,
    'README.md': readmeOf({ name: free, label, notes, description: definition.description ?? '' }),
  };
  return { label, name: free, files, notes };
};

interface Readme {
  readonly name: string;
  readonly label: string;
  readonly notes: readonly string[];
  readonly description: string;
}

const readmeOf = ({ name, label, notes, description }: Readme): string =>
  [
    `# ${name}`,
    '',
    ...(description === '' ? [] : [description, '']),
    `Imported from \`${label}\`, a definition of FlashInfer-Trace. \`reference.py\` is its \`run\`, which is the reference and the baseline. Cases are its workloads, named after their sizes and ids.`,
    '',
    '- An element may be off by `atol` and `rtol` together; their own check asks for either.',
    '- `floor` counts every input and output once. Lower it where a right kernel can read less; say how many operations it must do.',
    ...notes.map((note) => `- ${note[0]?.toUpperCase() ?? ''}${note.slice(1)}.`),
    '',
    `\`./kiln problem reload\` has the daemon read it. Then: \`./kiln submit SOLUTION.json --watch\`, or a file with \`run\` and \`--problem ${name}\`.`,
    '',
  ].join('\n');
