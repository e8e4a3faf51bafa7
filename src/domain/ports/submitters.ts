/** Weights and limits of submitters: as those who set them ask, and as they are kept. */
import type { z } from 'zod';
import type { SetSubmitter, SubmitterList, SubmitterView } from '../api/submitters.ts';
import type { SubmitterSettings } from '../submitters.ts';

/** Implemented by the engine. */
export interface SubmitterControl {
  list(): Promise<SubmitterList>;
  /** Durable, and in force, when it resolves. */
  set(submitter: string, change: z.output<typeof SetSubmitter>, by: string): Promise<SubmitterView>;
  clear(submitter: string): Promise<SubmitterView>;
}

/** Implemented by src/store; test/integration/store/access.conformance.ts is the suite. */
export interface SubmitterStore {
  submitterSettings(): Promise<readonly SubmitterSettings[]>;
  keepSubmitter(settings: SubmitterSettings): Promise<void>;
  dropSubmitter(submitter: string): Promise<void>;
  /** Device time of judgements that ended since `from`; who has none is left out. */
  deviceTime(
    submitters: readonly string[],
    from: string,
  ): Promise<readonly { readonly submitter: string; readonly ms: number }[]>;
}
