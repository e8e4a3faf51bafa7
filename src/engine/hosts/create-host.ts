import type { HostSession } from '../../domain/ports/host-session.ts';
import { createHostCanaries } from '../canaries/host-canaries.ts';
import type { Bundles } from '../compiling/bundles.ts';
import { createCompileCounts } from '../compiling/compile-counts.ts';
import { createHostCompiler } from '../compiling/host-compiler.ts';
import { createKnownArtifacts } from '../compiling/known-artifacts.ts';
import { createFetches, createPuts } from '../compiling/transfers.ts';
import type { HostState } from '../host-state.ts';
import { createHostReadings } from './readings.ts';
import { createRecentFailures } from '../telemetry/recent-failures.ts';

/** A host that has not been heard of yet. */
export const createHost = (session: HostSession, bundles: Bundles): HostState => ({
  session,
  labels: session.labels,
  leaving: null,
  connection: { state: 'connecting' },
  runnerId: '',
  inventory: null,
  devices: [],
  known: createKnownArtifacts(),
  use: new Map(),
  compile: { queued: 0, running: 0 },
  compileCounts: createCompileCounts(),
  failures: createRecentFailures(),
  fetches: createFetches(session),
  puts: createPuts(session, bundles),
  canaries: createHostCanaries(),
  lent: new Map(),
  holds: new Map(),
  bookings: new Map(),
  states: new Map(),
  readings: createHostReadings(),
  compiler: createHostCompiler(),
  refreshes: new Map(),
});
