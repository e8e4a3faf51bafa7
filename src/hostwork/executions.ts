/**
 * Commands on hosts, each for as long as somebody reads what it says.
 *
 * accepted -> waiting (for devices that it shall hold) -> started -> exited; `error` from any of them. However it ends, the stream to the host is
 * destroyed, which ends the command there, and then its devices are given back.
 */
import { randomBytes } from 'node:crypto';
import type { Buffer } from 'node:buffer';
import { KilnError } from '../domain/errors.ts';
import type { ExecEvent, ExecRequest, SignalName } from '../domain/hosts/work.ts';
import { ExecutionId } from '../domain/hosts/work.ts';
import type { DeviceId, HostId } from '../domain/ids.ts';
import type { Asking } from '../domain/ports/host-work.ts';
import type { Hosts, Lent } from './hosts.ts';
import { noteEnd, noteStart } from './journal.ts';
import { Talk } from './talk.ts';

export const EXECUTIONS_MAX = 512;

interface Running {
  readonly talk: Talk;
  /** Pieces are sent one after another. */
  sent: Promise<void>;
}

export interface Executions {
  readonly exec: (host: HostId, request: ExecRequest, asking: Asking) => AsyncGenerator<ExecEvent>;
  readonly input: (id: ExecutionId, bytes: Buffer, end: 'goes-on' | 'ends') => Promise<void>;
  readonly signal: (id: ExecutionId, name: SignalName) => void;
}

export const createExecutions = (hosts: Hosts): Executions => {
  /** Also those that wait for their devices. */
  const accepted = new Set<ExecutionId>();
  const running = new Map<ExecutionId, Running>();
  const existing = (id: ExecutionId): Running => {
    const found = running.get(id);
    if (found) return found;
    throw new KilnError('NOT_FOUND', `there is no execution ${id}: it has ended`);
  };
  return {
    exec: async function* (host, request, asking) {
      if (accepted.size >= EXECUTIONS_MAX)
        throw new KilnError('TOO_MANY_STREAMS', `${EXECUTIONS_MAX} commands run on hosts already: end some, or try again later`);
      const id = ExecutionId.parse(`x-${randomBytes(16).toString('hex')}`);
      // Before anything is said: a host that is not there, or has no such devices, is an error of the request.
      if (request.devices !== null) hosts.checkWish(host, request.devices);
      const talk = new Talk(await hosts.open(host, asking.signal), asking.signal);
      const what = {
        host,
        action: 'exec',
        argv: request.argv,
        ...(request.devices === null ? {} : { devices: request.devices }),
      };
      noteStart(hosts, what, asking.caller);
      let end: ExecEvent | null = null;
      let lent: Lent | null = null;
      accepted.add(id);
      try {
        yield { event: 'accepted', execution: id, host };
        if (request.devices !== null) {
          yield { event: 'waiting', reason: 'for its devices: what is judged on them now ends first' };
          lent = await hosts.lend(host, request.devices, { reason: reasonOf(request, asking), signal: asking.signal });
        }
        running.set(id, { talk, sent: Promise.resolve() });
        for await (const event of follow(talk, request, lent?.devices ?? [])) {
          if (event.event === 'exited') end = event;
          yield event;
        }
      } finally {
        accepted.delete(id);
        running.delete(id);
        talk.end();
        lent?.giveBack();
        noteEnd(hosts, what, {
          caller: asking.caller,
          end: end?.event === 'exited' ? { code: end.code, signal: end.signal } : { broken: true },
        });
      }
    },
    input: async (id, bytes, end) => {
      const execution = existing(id);
      const before = execution.sent;
      execution.sent = (async () => {
        await before;
        if (bytes.length > 0) await execution.talk.send({ type: 'stdin' }, bytes);
        if (end === 'ends') await execution.talk.send({ type: 'stdin_end' });
      })();
      await execution.sent;
    },
    signal: (id, name) => void existing(id).talk.send({ type: 'signal', name }),
  };
};

async function* follow(talk: Talk, request: ExecRequest, devices: readonly DeviceId[]): AsyncGenerator<ExecEvent> {
  const { argv, cwd, env, timeoutMs, stdin } = request;
  await talk.send({ type: 'exec', argv, cwd, env, timeoutMs, stdin, devices });
  for await (const { frame, payload } of talk.frames()) {
    if (frame.type === 'started') yield { event: 'started', pid: frame.pid, devices: [...devices] };
    else if (frame.type === 'stdout' || frame.type === 'stderr') yield { event: frame.type, data: payload.toString('base64') };
    else if (frame.type === 'exited') {
      const { code, signal, timedOut } = frame;
      yield { event: 'exited', code, signal, timedOut };
      return;
    } else throw new KilnError('PROTOCOL_ERROR', `the host answered a command with ${frame.type}`);
  }
  throw new KilnError('HOST_NOT_CONNECTED', 'the connection to the host ended before the command did; it is ended there too');
}

const COMMAND_CHARS_MAX = 60;
const reasonOf = ({ argv }: ExecRequest, { caller }: Asking): string =>
  `lent to a command of ${caller.says ?? caller.name}: ${argv.join(' ').slice(0, COMMAND_CHARS_MAX)}`;
