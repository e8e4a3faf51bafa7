import type { Environment } from '../environment.ts';
import type { ContentHash } from '../ids.ts';

const KEY_CHARS = 16;

/** Hosts that can record programs of an environment have it beside their own: a program goes to these and to no others. */
export const environmentLabel = (name: string, key: ContentHash): string => `environment:${name}:${key.slice(0, KEY_CHARS)}`;

/** Programs can be recorded in it: something notes what they launch, and walls are around them. */
export const canRecord = ({ recorder, sandbox }: Pick<Environment, 'recorder' | 'sandbox'>): boolean =>
  recorder !== 'none' && sandbox.level !== 'none';
