/** A daemon whose campaigns ask a stand-in of the Messages API: what is billed is known on both sides. */
import { afterEach, expect } from 'vitest';
import type { KilnClient } from '../../../src/client/create-client.ts';
import type { CampaignView } from '../../../src/domain/api/campaigns.ts';
import { addition } from '../addition.ts';
import { kilnFolder, type KilnFolder } from '../kiln-process.ts';
import { type FakeMessagesApi, startFakeMessagesApi } from './fake-messages-api.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';

export interface PaidCampaigns {
  /** `devices`: how many simulated ones. `settings`: the text of kiln.yaml. Both are gone after the test. */
  begin(
    answer: Parameters<typeof startFakeMessagesApi>[0],
    options: { readonly devices: number; readonly settings: string },
  ): Promise<{ readonly service: FakeMessagesApi; readonly folder: KilnFolder }>;
}

export const paidCampaigns = (): PaidCampaigns => {
  let folder: KilnFolder | null = null;
  let api: FakeMessagesApi | null = null;
  afterEach(async () => {
    folder?.remove();
    await api?.close();
    [folder, api] = [null, null];
  });
  return {
    begin: async (answer, { devices, settings }) => {
      const service = await startFakeMessagesApi(answer);
      api = service;
      const own = kilnFolder(FLEET, {
        KILN_SIMULATED_DEVICES: `${devices}`,
        KILN_SIMULATED_JUDGE_MS: '10',
        ANTHROPIC_API_KEY: 'sk-of-the-tests',
        ANTHROPIC_BASE_URL: service.url,
      });
      folder = own;
      own.write('kiln.yaml', settings);
      return { service, folder: own };
    },
  };
};

/** The campaign as it is then. */
export const untilCampaign = async (
  client: KilnClient,
  id: string,
  isSo: (view: CampaignView) => boolean,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<CampaignView> => {
  await expect.poll(async () => isSo(await client.campaign(id)), { timeout: timeoutMs, interval: 50 }).toBe(true);
  return client.campaign(id);
};

/** A correct candidate by a name of its own: params that are tried beside must not come to what another answer says. */
export const ownAddition = (number: number): string => addition(number).replaceAll(/\bi\b/g, `i${number}`);
