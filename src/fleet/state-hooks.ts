/**
 * Runs the program that the fleet file names for a host when one of its devices changes its state: to tell somebody, or to do what only they may decide.
 * Kiln itself never resets or restarts anything.
 *
 * One at a time for each host, in order, without a shell, with a limit. What it says goes into the log; that it fails changes nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DeviceStateChange } from '../domain/hosts/device-state.ts';
import type { HostId } from '../domain/ids.ts';
import { runHook } from './run-hook.ts';

const RUN_MS_MAX = 60_000;
/** At a stop, what runs or waits may come to its end within this time. */
const STOP_GRACE_MS = 3_000;
/** From SIGTERM to SIGKILL. */
const KILL_GRACE_MS = 2_000;
/** Of one host; more at once are dropped, the oldest first. */
const WAITING_MAX = 64;

export interface StateHooksDeps {
  /** Null: none. */
  readonly commandOf: (host: HostId) => readonly string[] | null;
  /** What programs may see of the daemon's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
  };
  readonly limits?: HookLimits;
}

export interface HookLimits {
  readonly runMs: number;
  readonly stopGraceMs: number;
  readonly killGraceMs: number;
}

const LIMITS: HookLimits = { runMs: RUN_MS_MAX, stopGraceMs: STOP_GRACE_MS, killGraceMs: KILL_GRACE_MS };

export interface StateHooks {
  onChange(change: DeviceStateChange): void;
  /** Resolves when nothing runs or waits any more. */
  idle(): Promise<void>;
  /** Like `idle`, but what is not done after a moment is ended, and what waits is dropped, with a word in the log. */
  stop(): Promise<void>;
}

export const createStateHooks = (deps: StateHooksDeps): StateHooks => {
  const { limits = LIMITS } = deps;
  const stopped = new AbortController();
  const waiting = new Map<HostId, DeviceStateChange[]>();
  const running = new Map<HostId, Promise<void>>();

  const drain = async (host: HostId): Promise<void> => {
    for (;;) {
      const change = waiting.get(host)?.shift();
      if (!change) break;
      const command = deps.commandOf(host);
      if (command) await run(deps, command, { change, limits, signal: stopped.signal });
    }
    running.delete(host);
  };

  const idle = async (): Promise<void> => void (await Promise.all(running.values()));

  const end = (): void => {
    for (const [host, changes] of waiting) {
      const dropped = changes.splice(0);
      if (dropped.length > 0) deps.log.warn({ host, dropped }, 'the daemon stops: programs for changes of state are not run');
    }
    stopped.abort('the daemon stops');
  };

  return {
    onChange: (change) => {
      const { hostId } = change;
      if (stopped.signal.aborted || deps.commandOf(hostId) === null) return;
      const before = waiting.get(hostId) ?? [];
      waiting.set(hostId, [...before, change].slice(-WAITING_MAX));
      if (!running.has(hostId)) running.set(hostId, drain(hostId));
    },
    idle,
    stop: async () => {
      const done = new AbortController();
      const late = pause(limits.stopGraceMs, undefined, { signal: done.signal }).then(end, () => undefined);
      await Promise.race([idle(), late]);
      done.abort();
      await idle();
    },
  };
};

interface Run {
  readonly change: DeviceStateChange;
  readonly limits: HookLimits;
  readonly signal: AbortSignal;
}

const run = async ({ env, log }: StateHooksDeps, command: readonly string[], { change, limits, signal }: Run): Promise<void> => {
  const facts = { host: change.hostId, device: change.deviceId, state: change.state, program: command[0] };
  const { failure, stdout, stderr } = await runHook({
    command,
    env: { ...env, ...variablesOf(change) },
    limitMs: limits.runMs,
    graceMs: limits.killGraceMs,
    signal,
  });
  if (failure === null) log.info({ ...facts, stdout }, 'the program for changes of state has run');
  else log.warn({ ...facts, failure, stdout, stderr }, 'the program for changes of state failed');
};

const variablesOf = ({
  hostId,
  deviceId,
  before,
  state,
  reason,
  since,
  needsPerson,
}: DeviceStateChange): Record<string, string> => ({
  KILN_HOST: hostId,
  KILN_DEVICE: deviceId,
  KILN_STATE: state,
  KILN_STATE_BEFORE: before ?? '',
  KILN_REASON: reason ?? '',
  KILN_SINCE: since,
  KILN_NEEDS_PERSON: needsPerson ? '1' : '0',
});
