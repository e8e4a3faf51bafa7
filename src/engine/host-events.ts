/** What hosts say, told to the scheduler. Events of one host are handled in the order they were read. */
import type { Device } from '../domain/device.ts';
import { candidateIdOf } from '../domain/ids.ts';
import type { HostId } from '../domain/ids.ts';
import type { FromRunner, JudgeResult } from '../domain/protocol.ts';
import { onArtifact, onArtifactStored } from './compiling/transfers.ts';
import { canaryOf, onCanaryJudged } from './canaries/canaries.ts';
import { isCompileHost } from './compiling/compile-hosts.ts';
import { dropCompilerRuns } from './compiling/compiler-runs.ts';
import { onCompilingHostGone } from './compiling/compile-again.ts';
import { onCompiled } from './compiling/compile-jobs.ts';
import { connectedTo, newConnection, reasonOf, useOf } from './host-state.ts';
import type { Disconnected, HostState } from './host-state.ts';
import type { EngineState } from './state.ts';
import { noteDeviceStates } from './hosts/device-states.ts';
import { factsOf } from './hosts/host-facts.ts';
import { onReading } from './hosts/readings.ts';
import type { HostEvent } from '../domain/ports/host-session.ts';
import { onLendingHostGone, onLent } from './lending/lending.ts';
import { onProfiled, onProfileHostGone, pumpProfiles } from './profiles/profiles.ts';
import { prepareRankings } from './hosts/prepare-rankings.ts';
import { onResult } from './judging/results.ts';
import { onInventory, onRefreshingHostGone } from './hosts/refresh.ts';

type Frame<T extends FromRunner['type']> = Extract<FromRunner, { type: T }>;

/** Waits for the store only at `connected` and where the host has other devices than before, to know the record holders of new device models. */
export const onHostEvent = async (state: EngineState, event: HostEvent): Promise<void> => {
  const host = state.hosts.get(event.hostId);
  if (!host) return;
  switch (event.type) {
    case 'connected':
      return onConnected(state, host, event.hello);
    case 'frame':
      if (event.frame.type === 'profiled') return onProfiled(state, host, event.frame, event.payload ?? null);
      if (event.frame.type === 'artifact') {
        return onArtifact(state, host, { ...event.frame, bytes: event.payload ?? Buffer.alloc(0) });
      }
      if (event.frame.type === 'inventory') {
        await onInventory(state, host, event.frame);
        return pumpProfiles(state);
      }
      return onFrame(state, host, event.frame);
    case 'lost':
      return onAway(state, host, { state: 'unreachable', reason: event.reason, nextRetryAtMs: event.retryAtMs });
    case 'refused':
      return onAway(state, host, { state: 'refused', reason: event.reason, nextRetryAtMs: event.retryAtMs });
  }
};

const onConnected = async (state: EngineState, host: HostState, hello: Frame<'hello'>): Promise<void> => {
  const { session } = host;
  const { devices } = hello.inventory;
  // Until then it is not connected for anybody: what the engine says of it and what the scheduler knows change in one moment.
  if (!(await prepareRankings(state, host, devices))) return;
  onLendingHostGone(host);
  if (host.runnerId !== hello.runnerId) {
    for (const use of host.use.values()) use.reset();
    host.known.clear();
  }
  connectedTo(host)?.ended.abort();
  host.connection = newConnection(hello.problems, hello.unavailable ?? null);
  host.runnerId = hello.runnerId;
  host.inventory = hello.inventory;
  host.devices = devices;
  if (isCompileHost(host)) state.compileHosts.add(host);
  note(state, 'host.connected', session.hostId, {
    devices: devices.map(({ id, model }) => `${id} (${model})`),
    runnerId: hello.runnerId,
  });
  const { queued, running, finished } = hello;
  state.apply({ type: 'host-up', host: factsOf(state, host), attempts: { queued, running, finished } });
  noteDeviceStates(state, host);
  pumpProfiles(state);
};

const onAway = (state: EngineState, host: HostState, away: Disconnected): void => {
  const wasConnected = host.connection.state === 'connected';
  const isNews = wasConnected || reasonOf(host) !== away.reason;
  connectedTo(host)?.ended.abort();
  host.connection = away;
  if (isNews) note(state, away.state === 'refused' ? 'host.refused' : 'host.lost', host.session.hostId, { reason: away.reason });
  if (!wasConnected) return;
  leaveBehind(state, host);
  state.apply({ type: 'host-lost', hostId: host.session.hostId });
};

/** What was asked over a connection that has ended is never answered. */
const leaveBehind = (state: EngineState, host: HostState): void => {
  onProfileHostGone(state, host.session.hostId);
  onRefreshingHostGone(host);
  onLendingHostGone(host);
  state.compileHosts.delete(host);
  onCompilingHostGone(state, host);
  dropCompilerRuns(state, host);
};

/** It is no host of the fleet any more; its session has ended. */
export const onRemoved = (state: EngineState, host: HostState): void => {
  leaveBehind(state, host);
  state.apply({ type: 'host-removed', hostId: host.session.hostId });
};

const note = (
  state: EngineState,
  type: 'host.connected' | 'host.lost' | 'host.refused' | 'device.changed',
  hostId: HostId,
  data: Record<string, unknown>,
): void => state.writeBehind.add({ type: 'event', event: { type, candidateId: null, hostId, data } });

const onFrame = (
  state: EngineState,
  host: HostState,
  frame: Exclude<FromRunner, { type: 'profiled' | 'artifact' | 'inventory' }>,
): void => {
  const { hostId } = host.session;
  switch (frame.type) {
    case 'compiled':
      return onCompiled(state, host, frame);
    case 'lent':
      return onLent(host, frame);
    case 'artifact_stored':
      return onArtifactStored(state, host, frame);
    case 'started':
      return state.apply({ type: 'started', hostId, attemptId: frame.attemptId });
    case 'result':
      onJudgement(state, host, frame.result);
      if (frame.started) state.apply({ type: 'started', hostId, attemptId: frame.started });
      return;
    case 'retracted':
      for (const attemptId of frame.attemptIds) state.active.get(candidateIdOf(attemptId))?.attempts.delete(attemptId);
      return state.apply({ type: 'retracted', hostId, attemptIds: frame.attemptIds });
    case 'health':
      return onHealth(state, host, frame);
    case 'error':
      state.log.warn({ hostId, code: frame.code }, `runner: ${frame.message}`);
      return;
    case 'hello':
    case 'pong':
      return;
  }
};

const onJudgement = (state: EngineState, host: HostState, result: JudgeResult): void => {
  const canary = canaryOf(host, result);
  const answer = connectedTo(host)?.judgeAnswers.get(result.attemptId);
  if (answer) answer(result);
  else if (canary) onCanaryJudged(state, canary, result);
  else onResult(state, host, result);
};

const onHealth = (state: EngineState, host: HostState, health: Frame<'health'>): void => {
  const before = host.devices;
  host.devices = before.map((device) => health.devices.find(({ id }) => id === device.id) ?? device);
  host.compile = { queued: health.compileQueued, running: health.compileRunning };
  onAvailability(state, host, health.unavailable ?? health.resting ?? null);
  if (health.reading) onReading(state, host, health.reading);
  state.metrics.onHealth(host.session.hostId, health);
  for (const [deviceId, totals] of Object.entries(health.use)) {
    useOf(host, deviceId).onHealth(totals, state.monotonicMs());
  }
  for (const device of changedDevices(before, host.devices)) {
    note(state, 'device.changed', host.session.hostId, { deviceId: device.id, unavailable: device.unavailable });
  }
  state.apply({ type: 'host-changed', host: factsOf(state, host) });
  noteDeviceStates(state, host);
};

const onAvailability = (state: EngineState, host: HostState, unavailable: string | null): void => {
  const connection = connectedTo(host);
  if (!connection) return;
  const isNews = (connection.unavailable === null) !== (unavailable === null);
  connection.unavailable = unavailable;
  if (isNews) note(state, 'device.changed', host.session.hostId, { unavailable });
};

const changedDevices = (before: readonly Device[], after: readonly Device[]): readonly Device[] =>
  after.filter((device) => before.find(({ id }) => id === device.id)?.unavailable !== device.unavailable);
