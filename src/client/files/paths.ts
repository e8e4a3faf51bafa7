/** Paths within a folder that nothing may leave, as hosts check them too. */
import { KilnError } from '../../domain/errors.ts';
import { PARTS_FOLDER } from '../../domain/hosts/work-frames.ts';

/** Throws INVALID_REQUEST. */
export const stepsOf = (path: string): readonly string[] => {
  const steps = path.split('/');
  if (path.includes('\0') || steps[0] === PARTS_FOLDER || steps.some((step) => step === '' || step === '.' || step === '..'))
    throw new KilnError('INVALID_REQUEST', `${JSON.stringify(path)} is no path within the folder`);
  return steps;
};

/**
 * Whether a link at `path` may lead out of the folder. `..` counts at the beginning only, where each one leaves a real folder: behind a name it
 * would leave whatever the name is a link to.
 */
export const leaves = (path: string, target: string): boolean => {
  let depth = path.split('/').length - 1;
  let isBehindName = false;
  for (const step of target.split('/')) {
    if (step === '..') {
      depth -= 1;
      if (isBehindName || depth < 0) return true;
    } else if (step !== '' && step !== '.') isBehindName = true;
  }
  return target.startsWith('/');
};
