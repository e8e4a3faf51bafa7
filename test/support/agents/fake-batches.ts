/**
 * The Message Batches API of the tests' server: create, retrieve, results as JSONL, cancel and list, as the official SDK reads them. A batch names nothing of what
 * is in it before its results can be read, and its counts move only when it has ended, like the real one's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MessagesBody } from './messages-stream.ts';

const DAY_MS = 86_400_000;
const PREFIX = '/v1/messages/batches';
const CUSTOM_ID = /^[a-zA-Z0-9_-]{1,64}$/u;

export type BatchCall = 'create' | 'retrieve' | 'results' | 'cancel' | 'list';

/** In place of the answer. `isDone`: what was asked for is done all the same. `cut`: the connection ends without one, `after` what was asked for is done, or `before`; `half`: in the middle of results. */
export type BatchTrouble =
  | {
      readonly status: number;
      readonly type?: string;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly isDone?: boolean;
    }
  | { readonly cut: 'before' | 'after' | 'half' };

export interface FakeBatch {
  readonly id: string;
  readonly customIds: readonly string[];
  readonly createdAt: string;
  status: 'in_progress' | 'canceling' | 'ended';
  readonly results: ReadonlyMap<string, object>;
  /** Answers so many of those that have no result yet; all where it is left out. */
  answer(count?: number): Promise<void>;
  /** What has no result expires, or is cancelled where that was asked for. */
  end(): void;
}

export interface FakeBatches {
  readonly all: readonly FakeBatch[];
  /** In order of arrival, with the batch's id where one is named. */
  readonly calls: readonly { readonly call: BatchCall; readonly id: string | null }[];
  /** Looks at a batch before it is answered as a whole and ends; Infinity: the test does that. */
  looks: number;
  /** Told of each call, from 1 of its kind. */
  trouble: (call: BatchCall, number: number) => BatchTrouble | null;
  /** What one question comes to; null: what the server answers. */
  result: (customId: string) => 'expired' | null;
  /** Of all batches, as they name it; null: this server. */
  resultsOrigin: string | null;
  /** A batch that somebody else made. */
  addOther(customIds: readonly string[]): FakeBatch;
  /** False where this is no call about batches. */
  handle(request: Handling): Promise<boolean>;
}

interface Handling {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly text: string;
}

export interface FakeBatchesDeps {
  readonly answer: (
    params: MessagesBody,
    batch: string,
  ) => Promise<
    | { readonly kind: 'message'; readonly message: object }
    | { readonly kind: 'error'; readonly type: string; readonly message: string }
  >;
  readonly sendError: (
    response: ServerResponse,
    error: {
      readonly status: number;
      readonly type: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ) => void;
}

interface Request {
  readonly custom_id: string;
  readonly params: MessagesBody;
}

interface Held extends FakeBatch {
  readonly requests: readonly Request[];
  readonly results: Map<string, object>;
  cancelledAt: string | null;
  looks: number;
}

export const createFakeBatches = ({ answer, sendError }: FakeBatchesDeps): FakeBatches => {
  const all: Held[] = [];
  const calls: { call: BatchCall; id: string | null }[] = [];

  const add = (requests: readonly Request[]): Held => {
    const batch: Held = {
      id: `msgbatch_fake_${all.length + 1}`,
      customIds: requests.map(({ custom_id: id }) => id),
      createdAt: new Date().toISOString(),
      status: 'in_progress',
      requests,
      results: new Map(),
      cancelledAt: null,
      looks: 0,
      answer: async (count = Infinity) => {
        const open = requests.filter(({ custom_id: id }) => !batch.results.has(id)).slice(0, count);
        for (const { custom_id: id, params } of open) {
          if (fake.result(id) === 'expired') continue;
          const said = await answer(params, batch.id);
          const error =
            said.kind === 'error' ? { type: 'error', error: { type: said.type, message: said.message }, request_id: null } : null;
          batch.results.set(
            id,
            error
              ? { type: 'errored', error }
              : { type: 'succeeded', ...(said.kind === 'message' ? { message: said.message } : {}) },
          );
        }
      },
      end: () => {
        for (const { custom_id: id } of requests)
          if (!batch.results.has(id)) batch.results.set(id, { type: batch.cancelledAt === null ? 'expired' : 'canceled' });
        batch.status = 'ended';
      },
    };
    all.push(batch);
    return batch;
  };

  const serve: Record<BatchCall, (handling: Handling, id: string | null) => Promise<object | string | null>> = {
    create: async ({ text }) => {
      const { requests } = JSON.parse(text) as { requests: readonly Request[] };
      const ids = requests.map(({ custom_id: id }) => id);
      const isGood = ids.every((id) => CUSTOM_ID.test(id)) && new Set(ids).size === ids.length && ids.length > 0;
      if (!isGood || requests.some(({ params }) => params.stream !== undefined)) return null;
      return shown(add(requests));
    },
    retrieve: async (_handling, id) => {
      const batch = all.find((one) => one.id === id);
      if (!batch) return null;
      batch.looks += 1;
      if (batch.status === 'canceling') batch.end();
      else if (batch.status === 'in_progress' && batch.looks > fake.looks) {
        await batch.answer();
        batch.end();
      }
      return shown(batch);
    },
    results: async (_handling, id) => {
      const batch = all.find((one) => one.id === id);
      if (batch?.status !== 'ended') return null;
      // In no order that anybody may rely on.
      return [...batch.results]
        .toReversed()
        .map(([customId, result]) => `${JSON.stringify({ custom_id: customId, result })}\n`)
        .join('');
    },
    cancel: async (_handling, id) => {
      const batch = all.find((one) => one.id === id);
      if (batch?.status !== 'in_progress') return null;
      batch.status = 'canceling';
      batch.cancelledAt = new Date().toISOString();
      return shown(batch);
    },
    list: async ({ incoming }) => {
      const query = new URL(incoming.url ?? '', 'http://localhost').searchParams;
      const newest = all.toReversed();
      const from = newest.findIndex(({ id }) => id === query.get('after_id')) + 1;
      const page = newest.slice(from, from + Number(query.get('limit') ?? 20));
      const [first, last] = [page.at(0)?.id ?? null, page.at(-1)?.id ?? null];
      return { data: page.map(shown), first_id: first, last_id: last, has_more: from + page.length < newest.length };
    },
  };

  let origin = '';
  const shown = (batch: Held): object => {
    const isOver = batch.status === 'ended';
    const count = (type: string): number =>
      isOver ? [...batch.results.values()].filter((one) => 'type' in one && one.type === type).length : 0;
    return {
      id: batch.id,
      type: 'message_batch',
      processing_status: batch.status,
      request_counts: {
        processing: isOver ? 0 : batch.requests.length,
        succeeded: count('succeeded'),
        errored: count('errored'),
        canceled: count('canceled'),
        expired: count('expired'),
      },
      created_at: batch.createdAt,
      expires_at: new Date(Date.parse(batch.createdAt) + DAY_MS).toISOString(),
      ended_at: isOver ? new Date().toISOString() : null,
      cancel_initiated_at: batch.cancelledAt,
      archived_at: null,
      results_url: isOver ? `${fake.resultsOrigin ?? origin}${PREFIX}/${batch.id}/results` : null,
    };
  };

  const fake: FakeBatches = {
    all,
    calls,
    looks: 1,
    trouble: () => null,
    result: () => null,
    resultsOrigin: null,
    addOther: (customIds) =>
      add(customIds.map((id) => ({ custom_id: id, params: { model: 'other', max_tokens: 1, messages: [] } }))),
    handle: async (handling) => {
      const { incoming, response } = handling;
      const named = callOf(incoming);
      if (!named) return false;
      const { call, id } = named;
      origin = `http://${incoming.headers.host}`;
      calls.push(named);
      const trouble = fake.trouble(call, calls.filter((one) => one.call === call).length);
      if (trouble && 'status' in trouble) {
        if (trouble.isDone) await serve[call](handling, id);
        sendError(response, { type: 'api_error', message: 'trouble of the tests', ...trouble });
        return true;
      }
      if (trouble?.cut === 'before') {
        response.destroy();
        return true;
      }
      const body = await serve[call](handling, id);
      if (trouble?.cut === 'after') response.destroy();
      else if (body === null)
        sendError(response, { status: call === 'retrieve' ? 404 : 400, type: 'invalid_request_error', message: `no ${call}` });
      else if (trouble?.cut === 'half' && typeof body === 'string') {
        response.writeHead(200, { 'content-type': 'application/x-jsonl', 'content-length': body.length });
        response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy());
      } else send(response, body);
      return true;
    },
  };
  return fake;
};

const send = (response: ServerResponse, body: object | string): void => {
  const type = typeof body === 'string' ? 'application/x-jsonl' : 'application/json';
  response.writeHead(200, { 'content-type': type, 'request-id': 'req_fake' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

const callOf = ({ url = '', method }: IncomingMessage): { readonly call: BatchCall; readonly id: string | null } | null => {
  const { pathname } = new URL(url, 'http://localhost');
  if (!pathname.startsWith(PREFIX)) return null;
  const [id = null, what] = pathname.slice(PREFIX.length + 1).split('/');
  if (id === null || id === '') return { call: method === 'POST' ? 'create' : 'list', id: null };
  if (what === undefined) return { call: 'retrieve', id };
  return { call: what === 'cancel' ? 'cancel' : 'results', id };
};
