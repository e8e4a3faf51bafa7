/** A campaign as people see it. */
import type { CampaignBest, CampaignView } from '../../../domain/api/campaigns.ts';
import type { Campaign } from '../../../domain/campaign/campaign.ts';
import type { Recalled } from '../../../domain/campaign/lessons.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Language } from '../../../domain/plan/plan.ts';
import { candidatesOf } from '../state/account.ts';
import type { Account, Best, TargetName } from '../state/account.ts';
import type { OpenBatch } from '../state/open-batch.ts';
import { MICROS_PER_USD, MS_PER_MINUTE } from '../state/limits.ts';
import type { Counts } from '../state/tally.ts';

export interface Viewed {
  readonly campaign: Campaign;
  readonly account: Account;
  readonly targets: readonly TargetName[];
  readonly ranMs: number;
  readonly thinking: number;
  readonly activity: string;
  /** Left out: none is open. */
  readonly batches?: ReadonlySet<OpenBatch>;
  readonly openProposals: number;
  readonly recalled: readonly Recalled[];
  readonly languageOf: (id: CandidateId) => Promise<Language>;
  /** The ranking's order of a target now, best first. */
  readonly rankedOf: (target: TargetName) => Promise<readonly Ranked[]>;
  readonly lineageOf: (target: TargetName, id: CandidateId) => readonly CandidateId[];
}

export const campaignView = async (viewed: Viewed): Promise<CampaignView> => {
  const { campaign, account, ranMs, thinking, activity } = viewed;
  const { micros: _micros, ...usage } = account.usage;
  return {
    ...campaign,
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
    ...countsOf(viewed),
    ...earnedOf(viewed),
    ...batchesOf(viewed),
    ...recalledOf(viewed.recalled),
    byVerdict: Object.fromEntries(account.byVerdict),
    byFailure: Object.fromEntries(account.byFailure),
    best: await Promise.all(viewed.targets.map(async (target) => bestOf(viewed, target))),
  };
};

/** Counts alone: whoever may see this campaign need not see the others. */
const recalledOf = (recalled: readonly Recalled[]): Pick<CampaignView, 'recalled'> => {
  const campaigns = Math.max(0, ...recalled.map((one) => one.campaigns));
  const ideas = recalled.reduce((sum, { rows }) => sum + rows.length, 0);
  const elsewhere = recalled.reduce((sum, one) => sum + one.elsewhere.length, 0);
  return ideas + elsewhere === 0 ? {} : { recalled: { campaigns, ideas, elsewhere } };
};

const earnedOf = ({ account: { earnings }, targets }: Viewed): Pick<CampaignView, 'earned' | 'earnedOn'> => {
  const [earned, earnedOn] = [earnings.read().map(inUnits), targets.length < 2 ? [] : earnings.targets().map(inUnits)];
  return { ...(earned.length === 0 ? {} : { earned }), ...(earnedOn.length === 0 ? {} : { earnedOn }) };
};

const inUnits = <Of extends Counts>({ micros, deviceMs, gain, ...counts }: Of) => ({
  ...counts,
  usd: micros / MICROS_PER_USD,
  gpuMinutes: deviceMs / MS_PER_MINUTE,
  // Sums of logarithms that were taken back may end a little below nothing.
  gain: Math.exp(Math.max(0, gain)),
});

const batchesOf = ({ batches = new Set() }: Viewed): Pick<CampaignView, 'batches'> => {
  const waiting = [...batches].flatMap(({ generator, id, state, questions }) =>
    questions.size === 0 ? [] : [{ generator, id, state, questions: questions.size }],
  );
  return waiting.length === 0 ? {} : { batches: waiting };
};

/** What nobody makes is left out. */
const countsOf = ({ account, openProposals }: Viewed): Pick<CampaignView, 'generations' | 'proposals'> => {
  const { diagnosed, ...generations } = account.byStatus;
  if (diagnosed === 0) return { generations };
  const { diagnoses, ...sums } = account.proposals.read();
  const proposals = { ...sums, open: openProposals, diagnoses: [...diagnoses] };
  return { generations: { ...generations, diagnosed }, proposals };
};

/** A place in the ranking. */
export interface Ranked {
  readonly candidateId: CandidateId;
  readonly speedup: number;
}

/** Of the campaign's own, whoever stands first in the ranking: later pairs may have moved what was the fastest when it was judged. */
const bestOf = async (viewed: Viewed, target: TargetName): Promise<CampaignBest> => {
  const { account, languageOf, lineageOf } = viewed;
  const { problem, device } = target;
  const startSpeedup = account.startSpeedup(target);
  const best = await leaderOf(viewed, target);
  if (!best) return { problem, device, best: null, startSpeedup };
  const language = await languageOf(best.candidateId);
  return { problem, device, best: { ...best, language, lineage: [...lineageOf(target, best.candidateId)] }, startSpeedup };
};

const leaderOf = async ({ account, rankedOf }: Viewed, target: TargetName): Promise<Best | null> => {
  const leaders = new Map(account.leaders(target).map((leader) => [leader.candidateId, leader]));
  if (leaders.size === 0) return null;
  for (const { candidateId, speedup } of await rankedOf(target)) {
    const leader = leaders.get(candidateId);
    if (leader) return { ...leader, speedup };
  }
  return account.best(target);
};
