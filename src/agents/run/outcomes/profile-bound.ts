/** What a profile says of what bounds a candidate. Pure. */
import type { KernelProfile, Profile, ProfileSummary } from '../../../domain/profile.ts';
import type { Archive } from '../../search/archive.ts';
import type { Bound } from '../../search/entry.ts';

/** Archives that do not hold it are left as they are. */
export const learnProfile = (archives: readonly Archive[], profile: Profile | null): void => {
  if (profile?.state.status !== 'done') return;
  const bound = boundOfProfile(profile.state.summary);
  if (bound !== null) for (const archive of archives) archive.setBound(profile.candidateId, bound);
};

/** Which unit is nearer to its peak, over the time of all kernels; null where that was not measured. */
export const boundOfProfile = ({ kernels }: ProfileSummary): Bound | null => {
  const measured = kernels.filter(
    ({ memoryPeakShare, computePeakShare }) => memoryPeakShare !== null && computePeakShare !== null,
  );
  if (measured.length === 0) return null;
  const sum = (share: 'memoryPeakShare' | 'computePeakShare'): number =>
    measured.reduce((total, kernel) => total + (kernel[share] ?? 0) * weightOf(kernel), 0);
  return sum('memoryPeakShare') >= sum('computePeakShare') ? 'memory' : 'compute';
};

const weightOf = ({ durationNs }: KernelProfile): number => durationNs ?? 1;
