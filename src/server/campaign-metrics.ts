/** What the agents do now, as Prometheus text. Labels are bounded: campaigns that are open (there are few), device classes of the fleet. */
import { Gauge, Registry } from 'prom-client';
import type { CampaignGauges } from '../domain/campaign/campaign-gauges.ts';
import type { Campaigns } from '../domain/ports/campaigns.ts';

interface ShownGauge<T> {
  readonly name: string;
  readonly help: string;
  /** Null: not known now. */
  readonly value: (of: T) => number | null;
}

const OF_CAMPAIGNS: readonly ShownGauge<CampaignGauges['campaigns'][number]>[] = [
  { name: 'kiln_campaign_thinking', help: 'Agents that wait for an answer of their generator', value: (of) => of.thinking },
  { name: 'kiln_campaign_waiting', help: 'Candidates that wait for a verdict', value: (of) => of.waitingForVerdict },
  { name: 'kiln_campaign_spent_usd', help: 'Money spent', value: (of) => of.spentMicros / 1e6 },
  { name: 'kiln_campaign_reserved_usd', help: 'Worst case of the requests on their way', value: (of) => of.reservedMicros / 1e6 },
  { name: 'kiln_campaign_device_seconds', help: 'Device time of its candidates', value: (of) => of.deviceMs / 1000 },
  { name: 'kiln_campaign_candidates', help: 'Candidates submitted', value: (of) => of.candidates },
];
const OF_CLASSES: readonly ShownGauge<CampaignGauges['classes'][number]>[] = [
  { name: 'kiln_agents_thinking', help: 'Agents that think for a device class', value: (of) => of.thinking },
  { name: 'kiln_agents_allowed', help: 'Agents that may think for a device class now', value: (of) => of.thinkers },
  { name: 'kiln_agents_queue_seconds', help: 'Work in the queue of a device class', value: (of) => of.heldSeconds },
  { name: 'kiln_agents_queue_target_seconds', help: 'Work that the queue is kept at', value: (of) => of.targetSeconds },
];

/** Returns a function that renders the text. */
export const campaignMetrics = (campaigns: Pick<Campaigns, 'gauges'>): (() => Promise<string>) => {
  const registry = new Registry();
  const ofCampaigns = gaugesFor(OF_CAMPAIGNS, 'campaign', registry);
  const ofClasses = gaugesFor(OF_CLASSES, 'device', registry);
  return () => {
    const now = campaigns.gauges();
    for (const set of ofCampaigns) set(now.campaigns, ({ id }) => id);
    for (const set of ofClasses) set(now.classes, ({ device }) => device);
    return registry.metrics();
  };
};

const gaugesFor = <T>(all: readonly ShownGauge<T>[], label: string, registry: Registry) =>
  all.map(({ name, help, value }) => {
    const gauge = new Gauge({ name, help, labelNames: [label], registers: [registry] });
    return (items: readonly T[], labelOf: (item: T) => string): void => {
      gauge.reset();
      for (const item of items) {
        const shown = value(item);
        if (shown !== null) gauge.set({ [label]: labelOf(item) }, shown);
      }
    };
  });
