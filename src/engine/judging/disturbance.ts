/**
 * Times that were not taken at the device's usual clocks: under a brake (heat, power that was cut), or at clocks that somebody set. Speed-ups are ratios and
 * suffer less than times, but memory and arithmetic slow down by different shares: such a verdict is marked, and measured again.
 *
 * A candidate gains nothing by bringing it about: it is measured again as often as that is worth, and takes no record.
 */
import { brakesOf } from '../../domain/hosts/faults.ts';
import type { Telemetry } from '../../domain/measurement.ts';

/** How often one candidate is measured again for this. */
export const DISTURBED_MAX = 2;
/** Below this share of what is usual, a clock is another one: steps of the SM clock are 15 MHz of some 2000. */
const USUAL_SHARE = 0.9;
/** While power is short, the work itself sets the SM clock. */
const POWER_CAP = 'sw_power_cap';

export interface UsualClocks {
  /** Null where nothing disturbed it; otherwise what did, in words. */
  disturbance(model: string, telemetry: Telemetry | null): string | null;
}

/** The highest clocks that a model was seen with count as its usual ones. */
export const createUsualClocks = (): UsualClocks => {
  const highest = new Map<string, { smMhz: number; memoryMhz: number }>();

  const otherClock = (model: string, { smClockMhz, memoryClockMhz, throttleReasons }: Telemetry): string | null => {
    const known = highest.get(model) ?? { smMhz: 0, memoryMhz: 0 };
    highest.set(model, known);
    known.smMhz = Math.max(known.smMhz, smClockMhz ?? 0);
    known.memoryMhz = Math.max(known.memoryMhz, memoryClockMhz ?? 0);
    if (memoryClockMhz !== null && memoryClockMhz < USUAL_SHARE * known.memoryMhz)
      return `its memory ran at ${memoryClockMhz} MHz, where ${known.memoryMhz} MHz are usual`;
    if (smClockMhz === null || throttleReasons.includes(POWER_CAP) || smClockMhz >= USUAL_SHARE * known.smMhz) return null;
    return `it ran at ${smClockMhz} MHz, where ${known.smMhz} MHz are usual`;
  };

  return {
    disturbance: (model, telemetry) => {
      if (telemetry === null) return null;
      const brakes = brakesOf(telemetry.throttleReasons);
      return brakes.length > 0 ? `its clocks were held down by ${brakes.join(', ')}` : otherClock(model, telemetry);
    },
  };
};
