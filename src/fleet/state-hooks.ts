/**
 * Runs the program that the fleet file names for a host when one of its devices changes its state: to tell somebody, or to do what only they may decide.
 * Kiln itself never resets or restarts anything.
 *
 * One at a time for each host, in order, without a shell, with a limit. What it says goes into the log; that it fails changes nothing.
 */
import { execFile } from 'node:child_process';
import type { DeviceState } from '../domain/hosts/device-state.ts';
import type { DeviceId, HostId } from '../domain/ids.ts';

const RUN_MS_MAX = 60_000;
const OUTPUT_BYTES_MAX = 64 * 1024;
/** Of one host; more at once are dropped, the oldest first. */
const WAITING_MAX = 64;

export interface StateChange extends DeviceState {
  readonly hostId: HostId;
  readonly deviceId: DeviceId;
  readonly before: DeviceState['state'] | null;
}

export interface StateHooksDeps {
  /** Null: none. */
  readonly commandOf: (host: HostId) => readonly string[] | null;
  /** What programs may see of the daemon's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
  };
}

export interface StateHooks {
  onChange(change: StateChange): void;
  /** Resolves when nothing runs or waits any more. */
  idle(): Promise<void>;
}

export const createStateHooks = (deps: StateHooksDeps): StateHooks => {
  const waiting = new Map<HostId, StateChange[]>();
  const running = new Map<HostId, Promise<void>>();

  const drain = async (host: HostId): Promise<void> => {
    for (;;) {
      const change = waiting.get(host)?.shift();
      if (!change) break;
      const command = deps.commandOf(host);
      if (command) await run(deps, command, change);
    }
    running.delete(host);
  };

  return {
    onChange: (change) => {
      const { hostId } = change;
      if (deps.commandOf(hostId) === null) return;
      const before = waiting.get(hostId) ?? [];
      waiting.set(hostId, [...before, change].slice(-WAITING_MAX));
      if (!running.has(hostId)) running.set(hostId, drain(hostId));
    },
    idle: async () => {
      await Promise.all(running.values());
    },
  };
};

const run = async ({ env, log }: StateHooksDeps, command: readonly string[], change: StateChange): Promise<void> => {
  const [program = '', ...args] = command;
  const { promise, resolve } = Promise.withResolvers<void>();
  const options = { env: { ...env, ...variablesOf(change) }, timeout: RUN_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX };
  const child = execFile(program, args, options, (error, stdout, stderr) => {
    const facts = { host: change.hostId, device: change.deviceId, state: change.state, program };
    if (error) log.warn({ ...facts, err: error, stderr }, 'the program for changes of state failed');
    else log.info({ ...facts, stdout }, 'the program for changes of state has run');
    resolve();
  });
  child.stdin?.end();
  await promise;
};

const variablesOf = ({ hostId, deviceId, before, state, reason, since, needsPerson }: StateChange): Record<string, string> => ({
  KILN_HOST: hostId,
  KILN_DEVICE: deviceId,
  KILN_STATE: state,
  KILN_STATE_BEFORE: before ?? '',
  KILN_REASON: reason ?? '',
  KILN_SINCE: since,
  KILN_NEEDS_PERSON: needsPerson ? '1' : '0',
});
