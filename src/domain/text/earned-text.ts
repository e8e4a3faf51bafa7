/** What moves earned, in words: what an accepted improvement cost. */
import type { MoveEarned } from '../api/campaigns.ts';
import { dollars, grouped, times } from './units.ts';

export type EarnedSum = Pick<MoveEarned, 'asked' | 'judged' | 'accepted' | 'usd' | 'gpuMinutes' | 'gain'>;

export const earnedSum = (rows: readonly EarnedSum[]): EarnedSum =>
  rows.reduce(
    (sum, { asked, judged, accepted, usd, gpuMinutes, gain }) => ({
      asked: sum.asked + asked,
      judged: sum.judged + judged,
      accepted: sum.accepted + accepted,
      usd: sum.usd + usd,
      gpuMinutes: sum.gpuMinutes + gpuMinutes,
      gain: sum.gain * gain,
    }),
    { asked: 0, judged: 0, accepted: 0, usd: 0, gpuMinutes: 0, gain: 1 },
  );

/** Null where nothing was accepted. */
export const usdPerAccepted = ({ usd, accepted }: Pick<EarnedSum, 'usd' | 'accepted'>): number | null =>
  accepted === 0 ? null : usd / accepted;

export const perAcceptedText = (sum: Pick<EarnedSum, 'usd' | 'accepted'>): string => {
  const usd = usdPerAccepted(sum);
  return usd === null ? '-' : dollars(usd);
};

/** "3 accepted of 40 asked, $0.12 each, 1.50x together"; null while nobody was asked. */
export const earnedText = (earned: readonly EarnedSum[] | undefined): string | null => {
  if (!earned) return null;
  const sum = earnedSum(earned);
  const { asked, accepted, usd, gain } = sum;
  const each = accepted === 0 || usd === 0 ? [] : [`${perAcceptedText(sum)} each`];
  return [`${grouped(accepted)} accepted of ${grouped(asked)} asked`, ...each, `${times(gain)} together`].join(', ');
};
