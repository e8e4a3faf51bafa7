/** Sends a profile to its host: compiled there first, where the host is not known to have it, and the problem defined. */
import type { ContentHash } from '../../domain/ids.ts';
import type { CandidateContent } from '../../domain/candidate.ts';
import { timingsOf } from '../../domain/passed-timings.ts';
import { floorsOn } from '../../problems/floors.ts';
import type { ResolvedCandidate } from '../../problems/candidate-resolution.ts';
import { markedUnit } from '../canaries/marks.ts';
import { defineOn, definitionOn } from '../definitions.ts';
import { findKnown, remember } from '../compiling/known-compiles.ts';
import { connectedTo } from '../host-state.ts';
import type { Connected, HostState } from '../host-state.ts';
import type { ProfilesSlice } from '../state.ts';
import { targetOf } from '../../problems/targets.ts';
import { resolveContent } from '../active-candidates.ts';
import type { PendingProfile, Place } from './pending.ts';
import { type Measured, worstCase } from './worst-case.ts';

/** A candidate that hangs under the profiler costs this much of its device. Reports of long kernels take some ten seconds. */
const PROFILE_LIMIT_MS = 60_000;
const COMPILE_PREFIX = 'profile:';
export const CHANGED = 'its problem was changed or removed after it was judged; submit it again';

/** `refuse`: it can be profiled nowhere. `release`: it was not sent; another try may succeed. */
export interface Sending {
  readonly pending: PendingProfile;
  readonly place: Place;
  readonly refuse: (message: string) => void;
  readonly release: (message: string) => void;
}

export const sendProfile = async (state: ProfilesSlice, sending: Sending): Promise<void> => {
  const { pending, place, refuse, release } = sending;
  const { stage } = pending;
  const content = await state.store.content(pending.id);
  if (content) await state.versions.recall([content]);
  const measured = content && (await measuredTimes(state, pending, content));
  const host = state.hosts.get(place.hostId);
  const device = host?.devices.find(({ id }) => id === place.deviceId);
  if (pending.stage !== stage) return;
  const connection = host && connectedTo(host);
  if (!connection || !device) return release('its device is gone');
  const loaded = content && state.versions.of(content);
  if (!loaded || !measured) return refuse(CHANGED);
  const target = targetOf(content.device);
  const resolved = resolveContent(loaded, content, device.architecture);
  if ('verdict' in resolved) return refuse(`its plan does not resolve for ${device.architecture}: ${resolved.verdict}`);
  const definition = definitionOn(state, host, { loaded, target, architecture: device.architecture });
  compiled(state, { host, connection, resolved, sending }, (artifact) => {
    if (pending.stage !== stage) return;
    pending.artifact = artifact;
    defineOn(host, connection, definition);
    // Floors of another model than it was judged on would say nothing of its times.
    const floors = measured.model === device.model ? floorsOn(loaded.problem, device) : {};
    const worst = worstCase(definition, { ...measured, floors });
    const plan = resolved.plans[worst.name];
    if (!plan) return refuse(`its plan has no case ${worst.name}`);
    pending.worst = worst;
    const isSent = host.session.profile({
      profileId: pending.id,
      deviceId: device.id,
      problemKey: definition.key,
      artifact,
      case: worst.name,
      plan,
      limitMs: PROFILE_LIMIT_MS,
    });
    if (!isSent) release('its host is not connected');
  });
};

/** Of its verdict, and of who holds the record on the model that it was judged on. */
const measuredTimes = async (
  { store }: ProfilesSlice,
  { id }: PendingProfile,
  { problem, problemVersion }: Pick<CandidateContent, 'problem' | 'problemVersion'>,
): Promise<Pick<Measured, 'timings' | 'record'> & { readonly model: string | undefined }> => {
  const own = await store.candidate(id);
  const model = own?.attempts.findLast(({ verdict }) => verdict === 'passed')?.deviceModel;
  const holder =
    model === undefined ? null : await store.record({ problem, problemVersion, deviceModel: model, class: 'device' });
  const other = holder === null || holder.candidateId === id ? null : await store.candidate(holder.candidateId);
  return { model, timings: timingsOf(own), record: timingsOf(other) };
};

interface Compiling {
  readonly host: HostState;
  readonly connection: Connected;
  readonly resolved: ResolvedCandidate;
  readonly sending: Sending;
}

/** It compiled before, or it would not have passed: a failure now is the host's. */
const compiled = (
  state: ProfilesSlice,
  { host, connection, resolved, sending }: Compiling,
  then: (artifact: ContentHash) => void,
): void => {
  const { pending, release } = sending;
  const unit = markedUnit(resolved.unit, host.canaries.marks.code);
  const known = findKnown(state, host, unit);
  if (known) return then(known.artifact);
  const { stage } = pending;
  const compileId = `${COMPILE_PREFIX}${pending.id}`;
  connection.compileAnswers.set(compileId, (result) => {
    connection.compileAnswers.delete(compileId);
    remember(host, unit, result);
    if (result.status === 'compiled') return then(result.artifact);
    if (pending.stage === stage) release('it could not be compiled again');
  });
  if (host.session.compile(compileId, unit, state.rules.compileLimitMs)) return;
  connection.compileAnswers.delete(compileId);
  release('its host is not connected');
};
