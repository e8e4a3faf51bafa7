/** What agents do now, as numbers: for /metrics. Only campaigns that are open, so that labels stay few. */
import type { CampaignId } from '../ids.ts';

export interface CampaignGauges {
  readonly campaigns: readonly {
    readonly id: CampaignId;
    readonly thinking: number;
    /** Questions that wait in batches. */
    readonly batched: number;
    readonly waitingForVerdict: number;
    /** Millionths of a US dollar. */
    readonly spentMicros: number;
    readonly reservedMicros: number;
    readonly deviceMs: number;
    readonly candidates: number;
    readonly earned: readonly {
      readonly generator: string;
      readonly move: string;
      readonly asked: number;
      readonly accepted: number;
      readonly micros: number;
    }[];
  }[];
  readonly classes: readonly {
    readonly device: string;
    readonly thinking: number;
    /** At most so many may think now. */
    readonly thinkers: number;
    /** Seconds of work in the queue; null while nobody knows. */
    readonly heldSeconds: number | null;
    readonly targetSeconds: number;
  }[];
}
