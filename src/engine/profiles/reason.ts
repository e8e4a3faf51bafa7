/** What a profile waits for, in words. Pure. */
import { deviceClassOf } from '../../domain/device.ts';
import type { HostState } from '../host-state.ts';
import type { PendingProfile } from './pending.ts';

export const waitingReason = ({ stage }: Pick<PendingProfile, 'stage'>, hosts: Iterable<HostState>): string => {
  switch (stage.name) {
    case 'verdict':
      return 'waits for its verdict: only candidates that passed are profiled';
    case 'running':
      return `runs on ${stage.place.hostId}, ${stage.place.deviceId}`;
    case 'place': {
      const connected = [...hosts].filter(({ connection }) => connection.state === 'connected').flatMap(({ devices }) => devices);
      const ofClass = connected.filter((device) => deviceClassOf(device) === stage.deviceClass);
      if (ofClass.length === 0) return `waits for a host with the device class ${stage.deviceClass}: none is connected`;
      if (ofClass.every(({ unavailable }) => unavailable !== null)) return `waits: no ${stage.deviceClass} takes work now`;
      return `waits for its turn: one profile at a time runs on a device`;
    }
  }
};
