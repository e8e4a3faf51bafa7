/** Asks a host for an artifact: to compile a unit, or to record a program that it has built. */
import type { HostState } from '../host-state.ts';
import type { HostUnit } from './known-artifacts.ts';

export interface Asked {
  readonly compileId: string;
  readonly unit: HostUnit;
  readonly limitMs: number;
}

/** False when it is not connected. */
export const askHost = ({ session }: HostState, { compileId, unit, limitMs }: Asked): boolean =>
  'built' in unit ? session.record(compileId, unit, limitMs) : session.compile(compileId, unit, limitMs);
