/** The daemon's time: stamps are made by its clock, which this computer's need not agree with. */
import { wallClockMs } from '../../../platform/clock.ts';
import { firstDate } from './first.ts';

/** The header counts whole seconds. */
const HEADER_SECOND_MS = 1000;
let skewMs = 0;

export const learnDate = (header: string | null): void => {
  const daemonMs = header === null ? Number.NaN : Date.parse(header) + HEADER_SECOND_MS / 2;
  const difference = daemonMs - wallClockMs();
  if (Number.isFinite(difference) && Math.abs(difference - skewMs) > HEADER_SECOND_MS)
    skewMs = Math.abs(difference) > HEADER_SECOND_MS ? difference : 0;
};

learnDate(firstDate);

export const daemonNowMs = (): number => wallClockMs() + skewMs;
