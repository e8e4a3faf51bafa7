/** What must be known of rankings before anything is judged on a device: who holds records, and what candidates are raced against. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Device } from '../../domain/device.ts';
import { doubledMs } from '../../platform/backoff.ts';
import type { HostState } from '../host-state.ts';
import type { CanariesSlice } from '../state.ts';

const RETRY = { minMs: 250, maxMs: 5_000 };

type Preparing = Pick<CanariesSlice, 'recordHolders' | 'fronts' | 'hosts' | 'log' | 'isRunning'>;

/** Asks until the store answers. False: nothing is judged there any more, for the host has left the fleet meanwhile, or the daemon stops. */
export const prepareRankings = async (state: Preparing, host: HostState, devices: readonly Device[]): Promise<boolean> => {
  const { hostId } = host.session;
  const models = devices.map(({ model, kind }) => ({ model, target: kind }));
  const isWanted = (): boolean => state.isRunning() && state.hosts.get(hostId) === host;
  for (let failures = 1; isWanted(); failures += 1) {
    try {
      await state.recordHolders.ensure(models);
      await state.fronts.ensure(models);
      return isWanted();
    } catch (error) {
      state.log.error({ err: error, hostId }, 'the records of a host’s device models could not be read; it is tried again');
      await pause(doubledMs(failures, RETRY), undefined, { ref: false });
    }
  }
  return false;
};
