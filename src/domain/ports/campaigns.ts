/** Campaigns, for those who start and watch them. Implemented by src/agents; every method throws KilnError for what the caller did wrong. */
import type { z } from 'zod';
import type {
  CampaignList,
  CampaignView,
  CreateCampaign,
  GenerationList,
  GenerationsQuery,
  GeneratorList,
  ReportQuery,
} from '../api/campaigns.ts';
import type { CampaignGauges } from '../campaign/campaign-gauges.ts';
import type { CampaignId } from '../ids.ts';

export interface Campaigns {
  create(spec: z.output<typeof CreateCampaign>): Promise<CampaignView>;
  list(): Promise<CampaignList>;
  view(id: CampaignId): Promise<CampaignView>;
  /** Idempotent. Throws CAMPAIGN_ENDED for one that is stopped or finished. */
  pause(id: CampaignId): Promise<CampaignView>;
  resume(id: CampaignId): Promise<CampaignView>;
  /** Idempotent. Candidates that are submitted are still judged. */
  stop(id: CampaignId): Promise<CampaignView>;
  generations(id: CampaignId, query: GenerationsQuery): Promise<GenerationList>;
  report(id: CampaignId, query: ReportQuery): Promise<{ readonly contentType: string; readonly text: string }>;
  generators(): GeneratorList;
  /** For /metrics: campaigns that are open and the device classes they feed. */
  gauges(): CampaignGauges;
}
