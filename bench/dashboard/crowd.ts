/** A script for the page, run before its own: a fleet with many devices, and a stream of verdicts, in place of the daemon's. */
import { FleetView } from '../../src/domain/api/fleet.ts';

const DEVICES_OF_A_HOST = 8;

interface Crowd {
  readonly lanes: number;
  readonly eventsPerSecond: number;
}

/** By the API's own schema: a field that is new has its default, and one that is wrong is refused here. */
const fleetOf = (lanes: number): FleetView =>
  FleetView.parse({
    hosts: Array.from({ length: Math.ceil(lanes / DEVICES_OF_A_HOST) }, (_host, at) => ({
      name: `host-${at}`,
      transport: 'ssh',
      address: `root@10.0.0.${at}`,
      labels: [],
      state: 'connected',
      reason: null,
      nextRetryAt: null,
      roundTripMs: 1,
      inventory: null,
      compilesFor: [],
      devices: Array.from({ length: Math.min(DEVICES_OF_A_HOST, lanes - at * DEVICES_OF_A_HOST) }, (_device, slot) =>
        deviceOf(at * DEVICES_OF_A_HOST + slot),
      ),
      compile: { queued: 0, running: 0, compiled: 0, cached: 0, failed: 0, timeMs: null },
    })),
    stages: { queued: null, compiling: null, ready: null, judging: null, confirming: null },
  });

const deviceOf = (number: number) => ({
  id: `GPU-${number}`,
  kind: 'gpu',
  model: 'NVIDIA H100 80GB HBM3',
  architecture: 'sm_90a',
  memoryBytes: 8e10,
  multiprocessors: 132,
  l2Bytes: 5e7,
  copyBytesPerSecond: 3e12,
  unavailable: null,
  class: 'H100',
  queued: 2,
  running: `c-${'0'.repeat(32)}.1`,
  judged: number,
  use: { measuring: 0.5, checking: 0.3, loading: 0.1, idleWithWork: 0.05, idleWithoutWork: 0.05, faults: 0, profiling: 0 },
  idleGapMs: { p50: 1, p99: 5 },
});

export const crowdScript = ({ lanes, eventsPerSecond }: Crowd): string => `(() => {
  const LANES = ${lanes}, PER_SECOND = ${eventsPerSecond};
  const fleet = ${JSON.stringify(fleetOf(lanes))};
  let number = 0; const attempts = [];
  const id = () => 'c-' + String(number).padStart(32, '0');
  const listeners = new Map();
  const tell = () => {
    number += 1;
    const now = Date.now();
    attempts.push({ attemptId: id() + '.1', problem: 'vector_add', hostId: 'host-0', deviceId: 'GPU-' + (number % LANES), mode: 'screen',
      startedAt: new Date(now - 450).toISOString(), finishedAt: new Date(now).toISOString(), verdict: number % 17 ? 'passed' : 'wrong_answer', infra: null,
      idleGapMs: 2, loadMs: 20, checkMs: 150, measureMs: 270 });
    if (attempts.length > 70000) attempts.splice(0, 10000);
    const event = { sequence: number, at: new Date(now).toISOString(), type: 'candidate.done', candidateId: id(), hostId: 'host-0',
      data: { verdict: 'passed', problem: 'vector_add' } };
    for (const listener of listeners.get('candidate.done') ?? []) listener({ data: JSON.stringify(event) });
  };
  setInterval(() => { for (let i = 0; i < PER_SECOND / 50; i += 1) tell(); }, 20);
  window.EventSource = class { static CLOSED = 2; readyState = 1;
    addEventListener(type, listener) { listeners.set(type, [...(listeners.get(type) ?? []), listener]); if (type === 'open') setTimeout(listener, 10); }
    close() {} };
  const real = window.fetch.bind(window);
  const answer = (body) => Promise.resolve(new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } }));
  window.fetch = (url, init) => {
    if (String(url).startsWith('/v1/fleet')) return answer(fleet);
    if (String(url).startsWith('/v1/lanes')) {
      const now = new Date().toISOString();
      return answer({ since: now, until: now, devices: [], verdicts: [] });
    }
    if (String(url).startsWith('/v1/activity')) {
      const since = new URL(url, location.href).searchParams.get('since');
      return answer({ attempts: attempts.filter(({ finishedAt }) => finishedAt > since) });
    }
    return real(url, init);
  };
})()`;
