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
  { name: 'kiln_campaign_batched', help: 'Questions that wait in batches', value: (of) => of.batched },
  { name: 'kiln_campaign_waiting', help: 'Candidates that wait for a verdict', value: (of) => of.waitingForVerdict },
  { name: 'kiln_campaign_spent_usd', help: 'Money spent', value: (of) => of.spentMicros / 1e6 },
  { name: 'kiln_campaign_reserved_usd', help: 'Worst case of the requests on their way', value: (of) => of.reservedMicros / 1e6 },
  { name: 'kiln_campaign_device_seconds', help: 'Device time of its candidates', value: (of) => of.deviceMs / 1000 },
  { name: 'kiln_campaign_candidates', help: 'Candidates submitted', value: (of) => of.candidates },
  {
    name: 'kiln_campaign_all_usd_per_accepted',
    help: 'Money spent for each confirmed improvement of the campaign',
    value: ({ spentMicros, earned }) => {
      const accepted = earned.reduce((sum, one) => sum + one.accepted, 0);
      return accepted === 0 ? null : spentMicros / 1e6 / accepted;
    },
  },
];
const OF_CLASSES: readonly ShownGauge<CampaignGauges['classes'][number]>[] = [
  { name: 'kiln_agents_thinking', help: 'Agents that think for a device class', value: (of) => of.thinking },
  { name: 'kiln_agents_allowed', help: 'Agents that may think for a device class now', value: (of) => of.thinkers },
  { name: 'kiln_agents_queue_seconds', help: 'Work in the queue of a device class', value: (of) => of.heldSeconds },
  { name: 'kiln_agents_queue_target_seconds', help: 'Work that the queue is kept at', value: (of) => of.targetSeconds },
];

type Earned = CampaignGauges['campaigns'][number]['earned'][number] & { readonly campaign: string };
/** Bounded: the generators of kiln.yaml, and the kinds of moves. */
const OF_MOVES: readonly ShownGauge<Earned>[] = [
  { name: 'kiln_campaign_asked', help: 'Questions, by generator and move', value: (of) => of.asked },
  { name: 'kiln_campaign_accepted', help: 'Confirmed improvements, by generator and move', value: (of) => of.accepted },
  { name: 'kiln_campaign_move_usd', help: 'Money spent, by generator and move', value: (of) => of.micros / 1e6 },
  {
    name: 'kiln_campaign_usd_per_accepted',
    help: 'Money spent for each confirmed improvement, by generator and move',
    value: ({ micros, accepted }) => (accepted === 0 ? null : micros / 1e6 / accepted),
  },
];

/** Returns a function that renders the text. */
export const campaignMetrics = (campaigns: Pick<Campaigns, 'gauges'>): (() => Promise<string>) => {
  const registry = new Registry();
  const ofCampaigns = gaugesFor(OF_CAMPAIGNS, ['campaign'], registry);
  const ofMoves = gaugesFor(OF_MOVES, ['campaign', 'generator', 'move'], registry);
  const ofClasses = gaugesFor(OF_CLASSES, ['device'], registry);
  return () => {
    const now = campaigns.gauges();
    const moves = now.campaigns.flatMap(({ id, earned }) => earned.map((one) => ({ ...one, campaign: id })));
    for (const set of ofCampaigns) set(now.campaigns, ({ id }) => ({ campaign: id }));
    for (const set of ofMoves) set(moves, ({ campaign, generator, move }) => ({ campaign, generator, move }));
    for (const set of ofClasses) set(now.classes, ({ device }) => ({ device }));
    return registry.metrics();
  };
};

const gaugesFor = <T, Label extends string>(all: readonly ShownGauge<T>[], labelNames: Label[], registry: Registry) =>
  all.map(({ name, help, value }) => {
    const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
    return (items: readonly T[], labelsOf: (item: T) => Record<Label, string>): void => {
      gauge.reset();
      for (const item of items) {
        const shown = value(item);
        if (shown !== null) gauge.set(labelsOf(item), shown);
      }
    };
  });
