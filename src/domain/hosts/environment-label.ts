import type { Submission } from '../candidate.ts';
import type { Environment } from '../environment.ts';
import type { ContentHash } from '../ids.ts';
import type { Language } from '../plan/plan.ts';
import type { Inventory } from '../protocol.ts';

const KEY_CHARS = 16;
const PREFIX = 'environment:';

/** Hosts that can record programs of an environment have it beside their own: a program goes to these and to no others. */
export const environmentLabel = (name: string, key: ContentHash): string => `${PREFIX}${name}:${key.slice(0, KEY_CHARS)}`;

/** Of any version: what a problem needs whose own reference or baseline is a program. */
export const judgingLabel = (name: string): string => `${PREFIX}${name}`;

export const isJudgingLabel = (label: string): boolean => label.startsWith(PREFIX) && !label.slice(PREFIX.length).includes(':');
export const isEnvironmentLabel = (label: string): boolean => label.startsWith(PREFIX) && !isJudgingLabel(label);

/**
 * What a host must have for a candidate. A program asks for the environment that it was submitted for besides; `environments`: those that
 * the problem's own programs run in.
 */
export const wantedLabels = (
  { labels, content: { program } }: Pick<Submission, 'labels' | 'content'>,
  environments: readonly string[],
): readonly string[] => [
  ...labels,
  ...environments.map((name) => judgingLabel(name)),
  ...(program?.environmentKey ? [environmentLabel(program.environment, program.environmentKey)] : []),
];

/** Programs can be recorded in it: something notes what they launch, and walls are around them. */
export const canRecord = ({ recorder, sandbox }: Pick<Environment, 'recorder' | 'sandbox'>): boolean =>
  recorder !== 'none' && sandbox.level !== 'none';

/** Those that a host judges: of kernels that it compiles, and programs where it can record them. */
export const languagesOf = ({
  languages,
  environments = [],
}: Pick<Inventory, 'languages' | 'environments'>): readonly Language[] => [
  ...languages,
  ...(environments.some(canRecord) ? (['python'] as const) : []),
];
