/** A campaign as people see it. */
import type { CampaignBest, CampaignView } from '../../domain/api/campaigns.ts';
import type { CampaignRecord } from '../../domain/campaign.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Language } from '../../domain/plan.ts';
import { candidatesOf } from './account.ts';
import type { Account, TargetName } from './account.ts';

const MICROS_PER_USD = 1_000_000;
const MS_PER_MINUTE = 60_000;

export interface Viewed {
  readonly record: CampaignRecord;
  readonly account: Account;
  readonly targets: readonly TargetName[];
  readonly ranMs: number;
  readonly thinking: number;
  readonly activity: string;
  readonly languageOf: (id: CandidateId) => Promise<Language>;
  readonly lineageOf: (target: TargetName, id: CandidateId) => readonly CandidateId[];
}

export const campaignView = async (viewed: Viewed): Promise<CampaignView> => {
  const { record, account, ranMs, thinking, activity } = viewed;
  const { micros: _micros, ...usage } = account.usage;
  return {
    ...record,
    activity,
    thinking,
    waitingForVerdict: account.byStatus.submitted,
    spent: {
      usd: account.spentMicros / MICROS_PER_USD,
      reservedUsd: account.reservedMicros / MICROS_PER_USD,
      gpuMinutes: account.deviceMs / MS_PER_MINUTE,
      candidates: candidatesOf(account),
      minutes: ranMs / MS_PER_MINUTE,
    },
    usage,
    generations: { ...account.byStatus },
    byVerdict: Object.fromEntries(account.byVerdict),
    byFailure: Object.fromEntries(account.byFailure),
    best: await Promise.all(viewed.targets.map(async (target) => bestOf(viewed, target))),
  };
};

const bestOf = async ({ account, languageOf, lineageOf }: Viewed, target: TargetName): Promise<CampaignBest> => {
  const { problem, device } = target;
  const [best, startSpeedup] = [account.best(target), account.startSpeedup(target)];
  if (!best) return { problem, device, best: null, startSpeedup };
  const language = await languageOf(best.candidateId);
  return { problem, device, best: { ...best, language, lineage: [...lineageOf(target, best.candidateId)] }, startSpeedup };
};
