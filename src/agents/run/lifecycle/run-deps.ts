import type { Judging } from '../../../domain/ports/kiln.ts';
import type { AskingDeps } from '../asking/asking-deps.ts';
import type { ContextBuilder } from '../../context/build-context.ts';
import type { GeneratorSet } from '../../generator.ts';
import type { Profiles } from '../outcomes/profiles.ts';
import type { Verdicts } from '../outcomes/verdicts.ts';
import type { DeviceClasses } from '../state/device-classes.ts';

/** What all campaigns share. */
export interface RunDeps extends AskingDeps {
  readonly judging: Judging;
  readonly contexts: ContextBuilder;
  readonly generators: GeneratorSet;
  readonly verdicts: Verdicts;
  readonly classes: DeviceClasses;
  readonly profiles: Profiles;
  /** A thought that is waited for when the daemon stops. */
  readonly track: (thought: Promise<void>) => void;
  /** From 0 to 1, for waits that should not fall together. */
  readonly random: () => number;
}
