/** Which case a profile is of, and why that one. */
import type { ProfileSummary } from '../profile.ts';
import { percent } from './units.ts';

const OF = {
  floor: 'the furthest from its floor',
  record: 'the slowest against the record',
  baseline: 'the slowest against the baseline',
} as const;

/** "4M, the furthest from its floor (31 %)". The name is the problem's. */
export const profiledCase = ({ case: name, chosen }: Pick<ProfileSummary, 'case' | 'chosen'>): string =>
  chosen === undefined ? name : `${name}, ${OF[chosen.by]} (${percent(chosen.share)})`;
