/** What a campaign has used of its budget, in words. */
import type { CampaignView } from '../api/campaigns.ts';
import { dollars, grouped } from './units.ts';

/** ["$1.20 of $20.00", "3.40 of 30 GPU minutes", "120 candidates"]: the limits first, then what has none and is not zero. */
export const spentParts = ({ spent, spec: { budget } }: Pick<CampaignView, 'spent' | 'spec'>): readonly string[] => {
  const parts = [
    { limit: budget.usd, used: spent.usd, number: dollars, unit: '' },
    { limit: budget.gpuMinutes, used: spent.gpuMinutes, number: decimals(2), unit: ' GPU minutes' },
    { limit: budget.candidates, used: spent.candidates, number: grouped, unit: ' candidates' },
    { limit: budget.minutes, used: spent.minutes, number: decimals(1), unit: ' minutes' },
  ];
  const limited = parts.flatMap(({ limit, used, number, unit }) =>
    limit === undefined ? [] : [`${number(used)} of ${unit === '' ? number(limit) : grouped(limit)}${unit}`],
  );
  const free = parts.flatMap(({ limit, used, number, unit }) =>
    limit === undefined && used > 0 ? [`${number(used)}${unit}`] : [],
  );
  return [...limited, ...free];
};

const decimals =
  (count: number) =>
  (value: number): string =>
    value.toFixed(count);
