/** What agents do now, as numbers: for /metrics. Only campaigns that are open, so that labels stay few. */
import type { AgentsSettings } from '../../domain/generator-settings.ts';
import type { CampaignId } from '../../domain/ids.ts';
import { candidatesOf } from './account.ts';
import type { Supervisor } from './supervisor.ts';

export interface AgentGauges {
  readonly campaigns: readonly {
    readonly id: CampaignId;
    readonly thinking: number;
    readonly waitingForVerdict: number;
    readonly spentMicros: number;
    readonly reservedMicros: number;
    readonly deviceMs: number;
    readonly candidates: number;
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

export const gaugesOf = (supervisor: Supervisor, settings: Pick<AgentsSettings, 'queueSeconds'>): AgentGauges => {
  const { classes } = supervisor.deps;
  return {
    campaigns: supervisor.runs().map(({ record, account, thinking }) => ({
      id: record.id,
      thinking,
      waitingForVerdict: account.byStatus.submitted,
      spentMicros: account.spentMicros,
      reservedMicros: account.reservedMicros,
      deviceMs: account.deviceMs,
      candidates: candidatesOf(account),
    })),
    classes: classes.known().map((device) => {
      const { thinkers, heldSeconds } = classes.allowed(device);
      return { device, thinking: classes.thinking(device), thinkers, heldSeconds, targetSeconds: settings.queueSeconds };
    }),
  };
};
