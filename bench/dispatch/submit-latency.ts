/**
 * Latency of POST /v1/candidates, one candidate each, at a steady rate. Open loop: a request is due at its time whether earlier ones were
 * answered or not, and its latency counts from then, so that a slow daemon cannot hide by slowing its clients down.
 */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from '../quantile.ts';
import { bodies } from './work.ts';

/** Each on a keep-alive connection of its own, as so many agents would hold. */
const IN_FLIGHT_MAX = 512;
const STEP_MS = 5;

export interface SubmitLatency {
  readonly asked: number;
  readonly achieved: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly url: string;
  readonly device: string;
  readonly first: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export const submitLatency = async (load: Load): Promise<SubmitLatency> => {
  const total = load.perSecond * load.seconds;
  const texts = bodies('sweep', { ...load, count: total }).map((body) => JSON.stringify(body));
  const latenciesMs: number[] = [];
  const inFlight = new Set<Promise<void>>();
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX });
  const startedMs = performance.now();
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1000) * load.perSecond) + 1);
    for (; sent < due && inFlight.size < IN_FLIGHT_MAX; sent += 1) {
      const dueMs = startedMs + (sent / load.perSecond) * 1000;
      const answered = post(agent, load.url, texts[sent] ?? '').then(() => void latenciesMs.push(performance.now() - dueMs));
      inFlight.add(answered);
      void answered.finally(() => inFlight.delete(answered)).catch(() => null);
    }
    await (inFlight.size < IN_FLIGHT_MAX ? pause(STEP_MS) : Promise.race(inFlight));
  }
  await Promise.all(inFlight);
  const seconds = (performance.now() - startedMs) / 1000;
  agent.destroy();
  return {
    asked: load.perSecond,
    achieved: total / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
};

const post = async (agent: Agent, url: string, body: string): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request(`${url}/v1/candidates`, { method: 'POST', agent, headers }, (answer) => {
    answer.resume().once('end', resolve).once('error', reject);
    if (answer.statusCode !== 200) reject(new Error(`POST /v1/candidates: ${answer.statusCode}`));
  });
  sent.once('error', reject);
  sent.end(body);
  await promise;
};
