/** What a problem's library program takes, in one line. */
import { plainLine } from '../../platform/printable-text.ts';
import type { LibraryTime } from '../library.ts';
import { nanoseconds } from './units.ts';

const LINE_CHARS_MAX = 600;

/** "library on NVIDIA H100 (torch 2.11.0, CUDA 13.0): 4M 18.0 µs, 16M 61.2 µs"; "no library time on NVIDIA H100: not measured yet: …" */
export const libraryText = ({ deviceModel, environment, cases, reason }: LibraryTime): string =>
  plainLine(
    reason === null
      ? `library on ${deviceModel} (${environment}): ${cases.map(({ case: name, medianNs }) => `${name} ${nanoseconds(medianNs)}`).join(', ')}`
      : `no library time on ${deviceModel}: ${reason}`,
    LINE_CHARS_MAX,
  );

/** Beside its times: what they are of. "torch 2.11.0, CUDA 13.0" */
export const librarySource = (time: LibraryTime): string => (time.reason === null ? (time.environment ?? '') : libraryText(time));

/** Of one bench case; null where it is not known. */
export const libraryNsOf = (cases: LibraryTime['cases'], name: string): number | null =>
  cases.find((one) => one.case === name)?.medianNs ?? null;

/** On that model; null where the problem names no program, and where nobody has seen the model. */
export const libraryOn = (models: readonly LibraryTime[], deviceModel: string): LibraryTime | null =>
  models.find((one) => one.deviceModel === deviceModel) ?? null;
