/** What becomes of jobs under way when a host is lost, has another compiler, or made code that is not to be used. */
import type { HostId } from '../../domain/ids.ts';
import { jobOf } from '../active-candidates.ts';
import type { ActiveCandidate, CompileJob } from '../active-candidates.ts';
import { connectedTo } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import { jobFor } from './compile-job.ts';
import { advance, beginJob, withdraw } from './compile-steps.ts';

/** Before the scheduler hears of it. What was compiled there for other hosts is compiled elsewhere, at nobody's cost. */
export const onCompilingHostGone = (state: CompilingSlice, host: HostState): void => {
  const { hostId } = host.session;
  for (const candidate of state.active.values()) {
    const job = jobOf(candidate);
    if (job?.hostId === hostId) withdraw(state, candidate, job);
    else if (job?.asked?.hostId === hostId) advance(state, candidate, job);
  }
  host.fetches.drop('its host was lost');
  host.puts.drop('its host was lost');
};

/**
 * Another compiler makes other code: what is known to be compiled there is forgotten, and what is transferred between it and others is begun again. What
 * it compiles for itself, its runner begins again by itself.
 */
export const onCompilersChanged = (state: CompilingSlice, host: HostState): void => {
  const { hostId } = host.session;
  host.known.clear();
  connectedTo(host)?.coolDowns.clear();
  for (const candidate of state.active.values()) {
    const job = jobOf(candidate);
    if (!job || (job.hostId !== hostId && job.asked?.hostId !== hostId)) continue;
    if (job.asked && job.asked.hostId !== job.hostId) restart(state, candidate, job);
  }
  host.fetches.drop('its compiler changed');
};

/** Code for these hosts has new names, and what compiles under the old ones is not used. */
export const beginAgain = (state: CompilingSlice, hostIds: ReadonlySet<HostId>): void => {
  for (const candidate of state.active.values()) {
    const job = jobOf(candidate);
    if (!job || !(hostIds.has(job.hostId) || (job.asked && hostIds.has(job.asked.hostId)))) continue;
    const host = state.hosts.get(job.hostId);
    const device = { architecture: job.unit.architecture, model: job.deviceModel };
    const anew = host && jobFor(state, candidate, { host, device });
    if (!anew || 'verdict' in anew) continue;
    withdraw(state, candidate, job);
    beginJob(state, candidate, anew);
  }
};

const restart = (state: CompilingSlice, candidate: ActiveCandidate, job: CompileJob): void => {
  withdraw(state, candidate, job);
  beginJob(state, candidate, { ...job, asked: null });
};
