/** How long the API takes to answer, by route and status. Event streams are left out: they last as long as their readers. */
import type { FastifyInstance } from 'fastify';
import { Histogram, Registry } from 'prom-client';
import { eventsContract } from '../domain/api/events-contract.ts';
import { hostsContract } from '../domain/api/hosts-contract.ts';

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
const STREAMS: readonly string[] = [
  eventsContract.all.url,
  eventsContract.candidate.url,
  hostsContract.exec.url,
  hostsContract.logs.url,
];

/** Returns a function that renders the Prometheus text. */
export const installHttpMetrics = (app: FastifyInstance): (() => Promise<string>) => {
  const registry = new Registry();
  const seconds = new Histogram({
    name: 'kiln_http_request_seconds',
    help: 'Time to answer an API request',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    if (STREAMS.includes(route)) return;
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
  return () => registry.metrics();
};
