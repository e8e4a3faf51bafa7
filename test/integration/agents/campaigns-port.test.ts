import { createFakeCampaigns } from '../../support/server/fake-campaigns.ts';
import { createScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import { campaignRig } from '../../support/agents/campaign-rig.ts';
import { describeCampaigns } from './campaigns.conformance.ts';

const JUDGED_IN_MS = 600_000;
const rig = campaignRig();

describeCampaigns('campaigns of agents', async () =>
  rig.campaigns(rig.judging({ judgeMs: JUDGED_IN_MS }), [createScriptedGenerator({ name: 'evolve' })]),
);
describeCampaigns('campaigns in memory', async () => Promise.resolve(createFakeCampaigns()));
