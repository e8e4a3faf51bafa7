/** One command on some hosts, side by side: output out, input and Ctrl-C in. */
import { Buffer } from 'node:buffer';
import { constants } from 'node:os';
import type { KilnClient } from '../../client/create-client.ts';
import { KilnError } from '../../domain/errors.ts';
import { type ExecEvent, type ExecRequest, INPUT_BYTES_MAX, type SignalName } from '../../domain/hosts/work.ts';
import type { ExecOutput } from './exec-output.ts';
import { onTerminalSignals } from './terminal-signals.ts';

/** As ssh: the command did not run, or how it ended is not known. */
export const NOT_RUN = 255;
/** As timeout(1). */
const TIMED_OUT = 124;
const BY_SIGNAL = 128;

export interface ExecOn {
  readonly request: Omit<ExecRequest, 'stdin' | 'argv'> & { readonly argv: readonly string[] };
  readonly output: ExecOutput;
}

/** Exit statuses in the order of the hosts. */
export const execOn = async (
  client: KilnClient,
  hosts: readonly string[],
  { request, output }: ExecOn,
): Promise<readonly number[]> => {
  const executions = new Map<string, string>();
  const abort = new AbortController();
  const forget = onTerminalSignals({
    pass: (name: SignalName) => {
      // One that has ended meanwhile needs none.
      for (const id of executions.values()) client.hosts.signal(id, name).catch(() => undefined);
    },
    giveUp: () => abort.abort(),
  });
  const hasInput = !process.stdin.isTTY;
  const input = createInput(client, hosts.length, abort.signal);
  const one = async (host: string): Promise<number> => {
    try {
      const events = client.hosts.exec(host, { ...request, stdin: hasInput }, { signal: abort.signal });
      for await (const event of events) {
        if (event.event === 'accepted') executions.set(host, event.execution);
        if (event.event === 'started' && hasInput) input.add(executions.get(host) ?? '');
        const code = await tell(output, host, event);
        if (code !== null) return code;
      }
      throw new KilnError('DAEMON_UNREACHABLE', 'the answer ended before the command did');
    } catch (error) {
      if (!(error instanceof KilnError) && !abort.signal.aborted) throw error;
      const message = abort.signal.aborted
        ? 'given up; the command is ended there'
        : error instanceof Error
          ? error.message
          : String(error);
      output.say(host, `error: ${message}`);
      output.event(host, { event: 'error', message });
      return NOT_RUN;
    } finally {
      executions.delete(host);
      input.gone();
      await output.end(host);
    }
  };
  try {
    return await Promise.all(hosts.map(one));
  } finally {
    forget();
    process.stdin.destroy();
  }
};

/** The exit status, once there is one. */
const tell = async (output: ExecOutput, host: string, event: ExecEvent): Promise<number | null> => {
  switch (event.event) {
    case 'stdout':
    case 'stderr':
      await output.write(host, event.event, Buffer.from(event.data, 'base64'));
      return null;
    case 'waiting':
      output.say(host, `waiting ${event.reason}`);
      output.event(host, event);
      return null;
    case 'accepted':
    case 'started':
      output.event(host, event);
      return null;
    case 'exited':
      output.event(host, event);
      return statusOf(event);
    case 'error':
    case 'alive':
      return null;
  }
};

export const statusOf = ({
  code,
  signal,
  timedOut,
}: Pick<Extract<ExecEvent, { event: 'exited' }>, 'code' | 'signal' | 'timedOut'>): number => {
  if (timedOut) return TIMED_OUT;
  if (code !== null) return code;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0;
  return BY_SIGNAL + number;
};

interface Input {
  /** This execution has started; the input is for all, once all have. */
  readonly add: (execution: string) => void;
  /** One fewer to wait for. */
  readonly gone: () => void;
}

/** What is piped in goes to every host, whole: it is read once all of them listen. */
const createInput = (client: KilnClient, count: number, signal: AbortSignal): Input => {
  const listening: string[] = [];
  let awaited = count;
  let begun = false;
  const begin = (): void => {
    if (begun || listening.length === 0 || listening.length < awaited) return;
    begun = true;
    void pump(client, listening, signal);
  };
  return {
    add: (execution) => {
      listening.push(execution);
      begin();
    },
    gone: () => {
      awaited -= 1;
      begin();
    },
  };
};

const pump = async (client: KilnClient, executions: readonly string[], signal: AbortSignal): Promise<void> => {
  const send = async (bytes: Uint8Array<ArrayBuffer>, end: boolean): Promise<void> => {
    // A command that has ended reads no more, which is nobody's failure.
    await Promise.all(executions.map(async (id) => client.hosts.sendInput(id, bytes, { end }).catch(() => undefined)));
  };
  try {
    for await (const chunk of process.stdin) {
      if (!Buffer.isBuffer(chunk)) continue;
      const bytes = Buffer.from(chunk);
      for (let at = 0; at < bytes.length; at += INPUT_BYTES_MAX) await send(bytes.subarray(at, at + INPUT_BYTES_MAX), false);
      if (signal.aborted) return;
    }
    await send(Buffer.alloc(0), true);
  } catch (error) {
    // Destroyed: nobody reads it any more.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
  }
};
