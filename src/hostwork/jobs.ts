/** Jobs on hosts: all that is known of them is there, so a daemon that starts anew knows as much as the one before. */
import { KilnError } from '../domain/errors.ts';
import type { JobId, JobList, JobView, LogEvent, LogsQuery, RunRequest } from '../domain/hosts/work.ts';
import type { FromHost } from '../domain/hosts/work-frames.ts';
import type { HostId } from '../domain/ids.ts';
import type { Asking } from '../domain/ports/host-work.ts';
import type { Hosts } from './hosts.ts';
import { noteStart } from './journal.ts';
import { Talk } from './talk.ts';

type Answer<T extends FromHost['type']> = Extract<FromHost, { type: T }>;

export const createJobs = (hosts: Hosts) => ({
  run: async (host: HostId, { name, ...request }: RunRequest, { caller, signal }: Asking): Promise<JobView> => {
    const by = caller.says ?? caller.name;
    const { job } = await ask(hosts, host, { order: { type: 'run', ...request, by, name }, answer: 'job', signal });
    noteStart(hosts, { host, action: 'run', argv: request.argv, job: job.id }, caller);
    return job;
  },
  jobs: async (host: HostId, signal: AbortSignal): Promise<JobList> => {
    const { jobs } = await ask(hosts, host, { order: { type: 'jobs' }, answer: 'jobs', signal });
    return { jobs };
  },
  /** As it is after `waitMs`, or once it has ended. */
  job: async (
    host: HostId,
    id: JobId,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<JobView> => {
    const now = async (): Promise<JobView> => {
      const order = { type: 'logs', id, follow: false, tail: 0 };
      return (await ask(hosts, host, { order, answer: 'job', signal })).job;
    };
    if (waitMs === 0) return now();
    const late = AbortSignal.timeout(waitMs);
    try {
      const order = { type: 'wait', id };
      return (await ask(hosts, host, { order, answer: 'job', signal: AbortSignal.any([signal, late]) })).job;
    } catch (error) {
      if (late.aborted && !signal.aborted) return now();
      throw error;
    }
  },
  stop: async (host: HostId, id: JobId, { caller, signal }: Asking): Promise<JobView> => {
    noteStart(hosts, { host, action: 'stop', job: id }, caller);
    return (await ask(hosts, host, { order: { type: 'stop', id }, answer: 'job', signal })).job;
  },
  logs: async function* (host: HostId, id: JobId, query: LogsQuery, signal: AbortSignal): AsyncGenerator<LogEvent> {
    const talk = new Talk(await hosts.open(host, signal), signal);
    try {
      await talk.send({ type: 'logs', id, follow: query.follow, tail: query.tail ?? null });
      for await (const { frame, payload } of talk.frames()) {
        if (frame.type === 'stdout' || frame.type === 'stderr')
          yield { event: frame.type, atMs: frame.at ?? 0, data: payload.toString('base64') };
        else if (frame.type === 'dropped') yield { event: 'dropped', bytes: frame.bytes };
        else if (frame.type === 'job') {
          yield { event: 'job', job: frame.job };
          return;
        }
      }
      throw broken();
    } finally {
      talk.end();
    }
  },
});

interface Question<T extends FromHost['type']> {
  readonly order: object;
  readonly answer: T;
  readonly signal: AbortSignal;
}

const ask = async <T extends 'job' | 'jobs'>(
  hosts: Hosts,
  host: HostId,
  { order, answer, signal }: Question<T>,
): Promise<Answer<T>> => {
  const talk = new Talk(await hosts.open(host, signal), signal);
  try {
    await talk.send(order);
    for await (const { frame } of talk.frames()) if (isAnswer(frame, answer)) return frame;
    throw broken();
  } finally {
    talk.end();
  }
};

const isAnswer = <T extends FromHost['type']>(frame: FromHost, type: T): frame is Answer<T> => frame.type === type;

const broken = (): KilnError =>
  new KilnError('HOST_NOT_CONNECTED', 'the connection to the host ended before it answered: try again');
