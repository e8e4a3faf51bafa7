/** Where devices' time went, seconds, from the daemon's metrics. */
import { z } from 'zod';

const Seconds = z.number();
export const Use = z.strictObject({
  measuring: Seconds,
  checking: Seconds,
  loading: Seconds,
  idleWithWork: Seconds,
  idleWithoutWork: Seconds,
  faults: Seconds,
});
export type Use = z.infer<typeof Use>;

export const NO_USE: Use = { measuring: 0, checking: 0, loading: 0, idleWithWork: 0, idleWithoutWork: 0, faults: 0 };

/** Since the runners started, over all devices. */
export const useIn = (metrics: string): Use => {
  const of = (use: string): number =>
    [...metrics.matchAll(/^kiln_device_use_seconds\{([^}]*)\} (\S+)$/gmu)]
      .filter(([, labels = '']) => labels.includes(`use="${use}"`))
      .reduce((sum, [, , value]) => sum + Number(value), 0);
  return {
    measuring: of('measuring'),
    checking: of('checking'),
    loading: of('loading'),
    idleWithWork: of('idle_with_work'),
    idleWithoutWork: of('idle_without_work'),
    faults: of('faults'),
  };
};

/** one + factor * other. */
export const addUse = (one: Use, other: Use, factor: 1 | -1): Use => ({
  measuring: one.measuring + factor * other.measuring,
  checking: one.checking + factor * other.checking,
  loading: one.loading + factor * other.loading,
  idleWithWork: one.idleWithWork + factor * other.idleWithWork,
  idleWithoutWork: one.idleWithoutWork + factor * other.idleWithoutWork,
  faults: one.faults + factor * other.faults,
});

export const totalOf = (use: Use): number =>
  use.measuring + use.checking + use.loading + use.idleWithWork + use.idleWithoutWork + use.faults;
