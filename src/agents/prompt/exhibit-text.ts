/** A judged candidate as a model sees it: our measurements in plain text, everything that it made itself in blocks of data. */
import type { Exhibit, PastAttempt } from '../../domain/campaign/generation-context.ts';
import type { KernelProfile, ProfileSummary } from '../../domain/profile.ts';
import { profiledCase } from '../../domain/text/profile-case.ts';
import { nanoseconds, percent, times } from '../../domain/text/units.ts';
import type { Fence } from './fence.ts';

export const exhibitText = (title: string, exhibit: Exhibit, fence: Fence): string =>
  [
    `${title}, in ${exhibit.language}. ${measured(exhibit)}`,
    ...(exhibit.cases.length === 0 ? [] : [caseLines(exhibit)]),
    fence.block('idea and params', `${exhibit.idea}\n${JSON.stringify(exhibit.params)}`),
    fence.block('source', exhibit.source),
    ...(exhibit.profile === null ? [] : [fence.block('profile', profileText(exhibit.profile))]),
  ].join('\n');

const measured = ({ speedup, floorShare, stoppedEarly }: Exhibit): string => {
  if (speedup === null) return 'It did not pass.';
  if (stoppedEarly)
    return `About ${times(speedup)} the baseline's speed; it was stopped early, since it could not come near the best.`;
  const floor = floorShare === null ? '' : `, ${percent(floorShare)} of the physical floor`;
  return `${times(speedup)} the baseline's speed${floor}.`;
};

const caseLines = ({ cases }: Exhibit): string =>
  cases
    .map(
      ({ case: name, medianNs, speedup, floorShare }) =>
        `- ${name}: ${nanoseconds(medianNs)}, ${times(speedup)}${floorShare === undefined ? '' : `, ${percent(floorShare)} of its floor`}`,
    )
    .join('\n');

const profileText = ({ source, note, deviceModel, kernels, ...summary }: ProfileSummary): string => {
  const from = source === 'ncu' ? 'measured with Nsight Compute' : 'from the compiled code';
  const lines = kernels.map((kernel) => `${kernel.kernel}: ${kernelParts(kernel).join(', ')}`);
  return [`${from}, case ${profiledCase(summary)}, on ${deviceModel}`, ...lines, ...(note === null ? [] : [note])].join('\n');
};

const kernelParts = (kernel: KernelProfile): readonly string[] => {
  const limiter = kernel.occupancyLimiter === null ? '' : `, limited by ${kernel.occupancyLimiter}`;
  const theoretical = share('occupancy at most', kernel.occupancyTheoretical);
  return [
    kernel.durationNs === null ? null : nanoseconds(kernel.durationNs),
    share('memory at', kernel.memoryPeakShare),
    share('compute at', kernel.computePeakShare),
    share('occupancy', kernel.occupancyAchieved),
    theoretical === null ? null : `${theoretical}${limiter}`,
    count(kernel.registers, 'registers a thread'),
    count(kernel.spillBytes, 'bytes spilled a thread'),
    count(kernel.sharedBytes, 'bytes of shared memory a block'),
    share('L2 hits', kernel.l2HitRate),
    share('bank conflicts', kernel.bankConflictShare),
    kernel.stalls.length === 0
      ? null
      : `stalls: ${kernel.stalls.map((stall) => `${stall.reason} ${percent(stall.share)}`).join(', ')}`,
  ].filter((part) => part !== null);
};

const share = (name: string, value: number | null): string | null => (value === null ? null : `${name} ${percent(value)}`);
const count = (value: number | null, unit: string): string | null => (value === null ? null : `${value} ${unit}`);

/** Numbered, oldest first; the words in a block. */
export const attemptsText = (attempts: readonly PastAttempt[], fence: Fence): string =>
  [
    `Your last ${attempts.length === 1 ? 'attempt' : `${attempts.length} attempts, oldest first`}. Do not repeat what failed or gained nothing.`,
    fence.block('attempts', attempts.map(attemptLine).join('\n')),
  ].join('\n');

const attemptLine = ({ idea, params, verdict, speedup, reason }: PastAttempt, index: number): string => {
  const end = speedup === null ? (verdict ?? 'no verdict') : `${verdict ?? 'no verdict'}, ${times(speedup)}`;
  const why = reason === null ? '' : `: ${reason}`;
  return `${index + 1}. ${idea === '' ? '(no idea given)' : idea} ${JSON.stringify(params)} -> ${end}${why}`;
};
