/** Profiles of candidates, from being asked for to the record: who waits for what, and what hosts answer. */
import { KilnError } from '../../domain/errors.ts';
import { CandidateId, type HostId } from '../../domain/ids.ts';
import type { FinishedProfile } from '../../domain/ports/store-rows.ts';
import type { Profile, ProfileSummary } from '../../domain/profile.ts';
import type { InfraFailure } from '../../domain/infra-failure.ts';
import type { FromRunner } from '../../domain/protocol.ts';
import type { Candidate, Submission } from '../../domain/candidate.ts';
import { forgetArtifacts } from '../compiling/known-compiles.ts';
import { type HostState, connectedTo } from '../host-state.ts';
import type { ProfilesSlice } from '../state.ts';
import { choosePlace, freeDevices } from './choose-place.ts';
import { PROFILES_WAITING_MAX, PROFILE_TRIES_MAX, type PendingProfile, type ProfileStage, newPending } from './pending.ts';
import { waitingReason } from './reason.ts';
import { sendProfile } from './send-profile.ts';

type Profiled = Extract<FromRunner, { type: 'profiled' }>;

/** Throws INVALID_REQUEST for a candidate that is never profiled, whatever comes of it. */
export const checkProfilable = ({ submission: { device, language } }: Pick<Candidate, 'submission'>): void => {
  const why = whyNever({ device, language });
  if (why !== null) throw new KilnError('INVALID_REQUEST', why);
};

/** The same of one that is submitted with the wish, naming the field. */
export const checkProfileWish = ({ content: { device, language } }: Submission): void => {
  const why = whyNever({ device, language });
  if (why !== null) throw new KilnError('INVALID_REQUEST', `profile: ${why}`, { details: { field: 'profile' } });
};

/** Throws QUEUE_FULL where too many wait. */
export const checkRoomForProfiles = (state: ProfilesSlice, count: number): void => {
  if (state.profiles.size + count <= PROFILES_WAITING_MAX) return;
  const waiting = `${state.profiles.size} profiles wait and ${count} more were asked for`;
  throw new KilnError('QUEUE_FULL', `${waiting}; the limit is ${PROFILES_WAITING_MAX}. Ask again when some are done`);
};

/** Durable when it resolves. `again`: also those that have one. */
export const askProfiles = async (
  state: ProfilesSlice,
  ids: readonly CandidateId[],
  options: { readonly again: boolean },
): Promise<void> => {
  if (ids.length === 0) return;
  checkRoomForProfiles(state, ids.length);
  await waitFor(state, await state.store.askProfiles(ids, options));
};

/** After a start: what was asked for before it. */
export const recoverProfiles = async (state: ProfilesSlice): Promise<void> =>
  waitFor(state, await state.store.waitingProfiles(PROFILES_WAITING_MAX));

/** Null where none was asked for. */
export const profileOf = async (state: ProfilesSlice, id: CandidateId): Promise<Profile | null> => {
  const profile = await state.store.profile(id);
  const pending = state.profiles.get(id);
  if (profile?.state.status !== 'waiting' || !pending) return profile;
  return { ...profile, state: { status: 'waiting', reason: waitingReason(pending, state.hosts.values()) } };
};

/** Candidates got their final word: those whose profile waits for it go on. */
export const onVerdicts = (state: ProfilesSlice, ids: readonly CandidateId[]): void => {
  const waiting = ids.filter((id) => state.profiles.get(id)?.stage.name === 'verdict');
  if (waiting.length === 0) return;
  void leaveVerdict(state, waiting).catch((error: unknown) =>
    state.log.error({ err: error }, 'candidates whose profiles wait could not be read; they go on at the next start'),
  );
};

/** Sends what can be sent. Cheap where nothing waits. */
export const pumpProfiles = (state: ProfilesSlice): void => {
  if (state.profiles.size === 0) return;
  const free = freeDevices(state.hosts.values(), state.profiles);
  for (const pending of state.profiles.values()) {
    if (free.length === 0) return;
    if (pending.stage.name !== 'place') continue;
    const place = choosePlace(pending, pending.stage, free);
    if (!place) continue;
    free.splice(free.indexOf(place), 1);
    pending.stage = { name: 'running', place, before: pending.stage };
    void send(state, pending, pending.stage);
  }
};

export const onProfiled = (
  state: ProfilesSlice,
  host: HostState,
  { profileId, result }: Profiled,
  report: Uint8Array | null,
): void => {
  const id = CandidateId.safeParse(profileId).data;
  const pending = id && state.profiles.get(id);
  const { hostId } = host.session;
  // An answer to an earlier life of the daemon is as good as one to this.
  if (!pending || pending.stage.name !== 'running' || pending.stage.place.hostId !== hostId) return;
  switch (result.status) {
    case 'done': {
      const rawBytes = report?.length ?? 0;
      const summary = withReason(result.summary, pending);
      finish(state, pending, { state: { status: 'done', summary, rawBytes }, raw: report, hostId });
      return pumpProfiles(state);
    }
    case 'failed':
      finish(state, pending, { state: { status: 'failed', message: result.message }, raw: null, hostId });
      return pumpProfiles(state);
    case 'infra':
      return onInfra(state, { host, pending, failure: result.failure });
  }
};

/** Which case it is of is the host's to say, and why that one ours. */
const withReason = (summary: ProfileSummary, { worst }: PendingProfile): ProfileSummary => {
  const { chosen: _said, ...told } = summary;
  return worst?.chosen && worst.name === summary.case ? { ...told, chosen: worst.chosen } : told;
};

/** Its profiles are asked for again, here or elsewhere. */
export const onProfileHostGone = (state: ProfilesSlice, hostId: HostId): void => {
  for (const pending of state.profiles.values()) {
    if (pending.stage.name === 'running' && pending.stage.place.hostId === hostId) pending.stage = pending.stage.before;
  }
};

const waitFor = async (state: ProfilesSlice, ids: readonly CandidateId[]): Promise<void> => {
  const fresh = ids.filter((id) => !state.profiles.has(id));
  for (const id of fresh) state.profiles.set(id, newPending(id));
  await leaveVerdict(state, fresh);
};

/** From waiting for a verdict to waiting for a place, or to the end. */
const leaveVerdict = async (state: ProfilesSlice, ids: readonly CandidateId[]): Promise<void> => {
  for (const id of ids) {
    const pending = state.profiles.get(id);
    if (pending?.stage.name !== 'verdict') continue;
    const candidate = await state.store.candidate(id);
    if (!candidate || state.profiles.get(id) !== pending) continue;
    const next = stageAfter(candidate);
    if (typeof next === 'string') {
      finish(state, pending, { state: { status: 'failed', message: next }, raw: null, hostId: null });
    } else pending.stage = next;
  }
  pumpProfiles(state);
};

const whyNever = ({ device, language }: Pick<Submission['content'], 'device' | 'language'>): string | null => {
  if (device === 'cpu')
    return 'profiles need a GPU: there is no profiler for the cpu device. Submit without a profile, or for a GPU (device H100)';
  if (language === 'python')
    return 'a program has no launch plan to profile: what it launches is recorded. Submit without a profile, or device code with a plan';
  return null;
};

/** The stage a candidate allows, or why it cannot be profiled. */
const stageAfter = (candidate: Candidate): ProfileStage | string => {
  const { submission, state, attempts } = candidate;
  const never = whyNever(submission);
  if (never !== null) return never;
  if (state.status !== 'done') return { name: 'verdict' };
  const { verdict } = state.outcome;
  const judged = attempts.findLast((attempt) => attempt.verdict === 'passed');
  if (verdict !== 'passed' || !judged) return `only candidates that passed are profiled; this one is ${verdict}`;
  const { hostId, deviceId, deviceModel: model } = judged;
  return {
    name: 'place',
    judgedAt: { hostId, deviceId, model },
    deviceClass: submission.device,
    submitter: submission.submitter,
  };
};

const send = async (
  state: ProfilesSlice,
  pending: PendingProfile,
  stage: Extract<ProfileStage, { name: 'running' }>,
): Promise<void> => {
  const release = (message: string): void => retry(state, pending, message);
  const refuse = (message: string): void =>
    finish(state, pending, { state: { status: 'failed', message }, raw: null, hostId: null });
  await sendProfile(state, { pending, place: stage.place, release, refuse }).catch((error: unknown) => {
    state.log.warn({ err: error, candidateId: pending.id }, 'a profile could not be sent');
    if (pending.stage === stage) release('the store could not be read');
  });
};

interface Failed {
  readonly host: HostState;
  readonly pending: PendingProfile;
  readonly failure: InfraFailure;
}

const onInfra = (state: ProfilesSlice, { host, pending, failure }: Failed): void => {
  state.metrics.onInfra(failure.code);
  forgetArtifacts(state, host, { failure, artifacts: [pending.artifact ?? undefined] });
  // It is defined again with the next one.
  if (failure.code === 'unknown_problem') connectedTo(host)?.defined.clear();
  retry(state, pending, `${failure.code}: ${failure.message}`);
};

/** Tried again at the next tick: by then the host has told what is wrong with its device. */
const retry = (state: ProfilesSlice, pending: PendingProfile, message: string): void => {
  if (pending.stage.name !== 'running') return;
  const { before, place } = pending.stage;
  pending.failures += 1;
  pending.failedAt = place.hostId;
  pending.stage = before;
  if (pending.failures < PROFILE_TRIES_MAX) return;
  const why = `it could not be profiled in ${PROFILE_TRIES_MAX} tries, the last on ${place.hostId}: ${message}`;
  finish(state, pending, { state: { status: 'failed', message: why }, raw: null, hostId: place.hostId });
};

const finish = (state: ProfilesSlice, pending: PendingProfile, end: Omit<FinishedProfile, 'candidateId'>): void => {
  state.profiles.delete(pending.id);
  state.writeBehind.add({ type: 'profile', finished: { candidateId: pending.id, ...end } });
};
