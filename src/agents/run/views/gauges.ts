/** Counts what agents do now. */
import type { CampaignGauges } from '../../../domain/campaign/campaign-gauges.ts';
import type { AgentsSettings } from '../../../domain/campaign/generator-settings.ts';
import { candidatesOf } from '../state/account.ts';
import { batchedOf } from '../state/open-batch.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';

export const gaugesOf = (supervisor: Supervisor, settings: Pick<AgentsSettings, 'queueSeconds'>): CampaignGauges => {
  const { classes } = supervisor.deps;
  return {
    campaigns: supervisor.runs().map(({ campaign, account, thinking, batches }) => ({
      id: campaign.id,
      thinking,
      batched: batchedOf(batches),
      waitingForVerdict: account.byStatus.submitted,
      spentMicros: account.spentMicros,
      reservedMicros: account.reservedMicros,
      deviceMs: account.deviceMs,
      candidates: candidatesOf(account),
      earned: account.earnings.read(),
    })),
    classes: classes.known().map((device) => {
      const { thinkers, heldSeconds } = classes.allowed(device);
      return { device, thinking: classes.thinking(device), thinkers, heldSeconds, targetSeconds: settings.queueSeconds };
    }),
  };
};
