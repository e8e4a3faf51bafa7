import type { Submission } from '../candidate.ts';
import type { Environment } from '../environment.ts';
import type { ContentHash } from '../ids.ts';

const KEY_CHARS = 16;
const PREFIX = 'environment:';

/** Hosts that can record programs of an environment have it beside their own: a program goes to these and to no others. */
export const environmentLabel = (name: string, key: ContentHash): string => `${PREFIX}${name}:${key.slice(0, KEY_CHARS)}`;

export const isEnvironmentLabel = (label: string): boolean => label.startsWith(PREFIX);

/** What a host must have for a candidate. A program asks for the environment that it was submitted for besides. */
export const wantedLabels = ({ labels, content: { program } }: Pick<Submission, 'labels' | 'content'>): readonly string[] =>
  program?.environmentKey ? [...labels, environmentLabel(program.environment, program.environmentKey)] : labels;

/** Programs can be recorded in it: something notes what they launch, and walls are around them. */
export const canRecord = ({ recorder, sandbox }: Pick<Environment, 'recorder' | 'sandbox'>): boolean =>
  recorder !== 'none' && sandbox.level !== 'none';
