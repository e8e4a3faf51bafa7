import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { hostsContract } from '../../domain/api/hosts-contract.ts';
import { KilnError } from '../../domain/errors.ts';
import { FILE_ACTIONS, FRAMES_TYPE, INPUT_BYTES_MAX, WRITE_BYTES_MAX } from '../../domain/hosts/work.ts';
import type { Asking } from '../../domain/ports/host-work.ts';
import { chunksOf } from '../../platform/chunks-of.ts';
import { requireAdmin } from '../admin.ts';
import { sendBytes } from '../byte-stream.ts';
import { sendLines } from '../line-stream.ts';
import { requestSignal } from '../request-signal.ts';
import type { RouteDeps } from '../route-deps.ts';

/** What comes in frames needs a little more than what is in them. */
const FRAMES_BYTES_MAX = WRITE_BYTES_MAX + 4 * 1024 * 1024;

export const hostsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { work, closing }) => {
  app.addContentTypeParser(FRAMES_TYPE, passOn);
  const asking = askingOf(closing);

  /** For answers that come whole. */
  const asked = async <T>(request: FastifyRequest, reply: FastifyReply, ask: (asking: Asking) => Promise<T>): Promise<T> => {
    const { release, ...who } = asking(request, reply);
    return ask(who).finally(release);
  };

  app.route({
    ...hostsContract.exec,
    handler: async (request, reply) => {
      const { release, ...who } = asking(request, reply);
      return sendLines(reply, work.exec(request.params.host, request.body, who), release);
    },
  });
  app.route({
    ...hostsContract.input,
    bodyLimit: INPUT_BYTES_MAX,
    handler: async (request) => {
      requireAdmin(request);
      const bytes = await wholeOf(request.body, INPUT_BYTES_MAX);
      await work.input(request.params.execution, bytes, request.query);
      return { ok: true as const };
    },
  });
  app.route({
    ...hostsContract.signal,
    handler: async (request) => {
      requireAdmin(request);
      work.signal(request.params.execution, request.body.signal);
      return { ok: true as const };
    },
  });
  app.route({
    ...hostsContract.run,
    handler: async (request, reply) => asked(request, reply, async (who) => work.run(request.params.host, request.body, who)),
  });
  app.route({
    ...hostsContract.jobs,
    handler: async (request, reply) => asked(request, reply, async ({ signal }) => work.jobs(request.params.host, signal)),
  });
  app.route({
    ...hostsContract.job,
    handler: async (request, reply) => {
      const { host, job } = request.params;
      return asked(request, reply, async ({ signal }) => work.job(host, job, { waitMs: 1000 * request.query.wait, signal }));
    },
  });
  app.route({
    ...hostsContract.logs,
    handler: async (request, reply) => {
      const { release, signal } = asking(request, reply);
      const { host, job } = request.params;
      return sendLines(reply, work.logs(host, job, request.query, signal), release);
    },
  });
  app.route({
    ...hostsContract.stop,
    handler: async (request, reply) =>
      asked(request, reply, async (who) => work.stop(request.params.host, request.params.job, who)),
  });
};

export const hostFilesRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { work, closing }) => {
  app.addContentTypeParser(FRAMES_TYPE, passOn);
  const asking = askingOf(closing);
  for (const action of FILE_ACTIONS) {
    app.route({
      ...hostsContract[action],
      bodyLimit: FRAMES_BYTES_MAX,
      handler: async (request, reply) => {
        const { release, ...who } = asking(request, reply);
        try {
          const body = limited(request.body, FRAMES_BYTES_MAX);
          const answer = await work.files(request.params.host, { action, body, ...request.query }, who);
          await sendBytes(reply, FRAMES_TYPE, answer);
        } finally {
          release();
        }
      },
    });
  }
};

/** As it comes; whoever reads it counts. */
const passOn = (_request: FastifyRequest, payload: unknown, done: (error: null, body: unknown) => void): void =>
  done(null, payload);

const askingOf =
  (closing: AbortSignal) =>
  (request: FastifyRequest, reply: FastifyReply): Asking & { readonly release: () => void } => ({
    caller: requireAdmin(request),
    ...requestSignal(reply.raw, closing),
  });

async function* limited(body: unknown, bytesMax: number): AsyncGenerator<Buffer> {
  if (!(body instanceof Readable)) return;
  let bytes = 0;
  for await (const chunk of chunksOf(body)) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new KilnError('BATCH_TOO_LARGE', `body: over ${bytesMax} bytes: send it in several requests`);
    yield chunk;
  }
}

const wholeOf = async (body: unknown, bytesMax: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of limited(body, bytesMax)) chunks.push(chunk);
  return Buffer.concat(chunks);
};
