/** A profile for people: what each kernel takes and reaches, and what its warps wait for. */
import type { KernelProfile, Profile, ProfileSummary } from '../../domain/profile.ts';
import { plainText } from '../../platform/printable-text.ts';
import { profiledCase } from '../../domain/text/profile-case.ts';
import { bytes, nanoseconds, percent } from '../../domain/text/units.ts';
import { fields, table } from './table.ts';

export const profileText = ({ candidateId, state }: Profile): string => {
  switch (state.status) {
    case 'waiting':
      return `${candidateId}  ${state.reason}`;
    case 'failed':
      return `${candidateId}  not profiled: ${plainText(state.message)}`;
    case 'done':
      return [headText(candidateId, state.summary), kernelTable(state.summary), ...stallLines(state.summary)].join('\n');
  }
};

const headText = (candidateId: string, { source, note, deviceModel, ...summary }: ProfileSummary): string =>
  fields([
    ['candidate', candidateId],
    ['device', deviceModel],
    ['case', plainText(profiledCase(summary))],
    ['from', source === 'ncu' ? 'Nsight Compute' : 'the compiled code alone'],
    ['note', note === null ? null : plainText(note)],
  ]);

const right = 'right' as const;
const HEADINGS = [
  { title: 'KERNEL' },
  { title: 'TIME', align: right },
  { title: 'MEMORY', align: right },
  { title: 'COMPUTE', align: right },
  { title: 'OCCUPANCY', align: right },
  { title: 'AT MOST', align: right },
  { title: 'LIMITED BY' },
  { title: 'REGISTERS', align: right },
  { title: 'SPILLS', align: right },
  { title: 'SHARED', align: right },
  { title: 'L2 HITS', align: right },
  { title: 'CONFLICTS', align: right },
];

const kernelTable = ({ kernels }: ProfileSummary): string => table(HEADINGS, kernels.map(rowOf));

const rowOf = (kernel: KernelProfile): string[] => [
  plainText(kernel.kernel),
  or(kernel.durationNs, nanoseconds),
  or(kernel.memoryPeakShare, percent),
  or(kernel.computePeakShare, percent),
  or(kernel.occupancyAchieved, percent),
  or(kernel.occupancyTheoretical, percent),
  kernel.occupancyLimiter ?? '-',
  or(kernel.registers, String),
  or(kernel.spillBytes, bytes),
  or(kernel.sharedBytes, bytes),
  or(kernel.l2HitRate, percent),
  or(kernel.bankConflictShare, percent),
];

const or = (value: number | null, text: (value: number) => string): string => (value === null ? '-' : text(value));

const stallLines = ({ kernels }: ProfileSummary): readonly string[] =>
  kernels
    .filter(({ stalls }) => stalls.length > 0)
    .map(({ kernel, stalls }) => {
      const reasons = stalls.map(({ reason, share }) => `${plainText(reason)} ${percent(share)}`).join(', ');
      return `${plainText(kernel)} waits for: ${reasons}`;
    });
