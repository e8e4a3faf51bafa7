import type { Logger } from 'pino';
import type { Judging } from '../../../domain/ports/kiln.ts';
import type { GeneratorSet } from '../../generator.ts';
import type { DeviceClasses } from '../state/device-classes.ts';
import type { GenerationWriter } from './generation-writer.ts';
import type { Profiles } from './profiles.ts';
import type { Verdicts } from './verdicts.ts';

/** What all campaigns share that verdicts need. */
export interface OutcomeDeps {
  readonly judging: Pick<Judging, 'candidate' | 'source'>;
  readonly generators: Pick<GeneratorSet, 'byName'>;
  readonly writer: GenerationWriter;
  readonly verdicts: Pick<Verdicts, 'expect'>;
  readonly classes: Pick<DeviceClasses, 'onJudged'>;
  readonly profiles: Pick<Profiles, 'onBest'>;
  readonly log: Logger;
  /** Milliseconds since the epoch: what people read. The system's clock may be set back, so that nothing is measured by it. */
  readonly now: () => number;
  /** Something changed: see who may think, and who is through. */
  readonly wake: () => void;
}
