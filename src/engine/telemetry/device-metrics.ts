/** Of hosts and devices: where their time goes, what they are given to do, and whether they are trusted. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metrics } from './metrics.ts';

const IDLE_GAP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10];

type DeviceMetrics = Pick<Metrics, 'onJudged' | 'onCanary' | 'setQuarantined' | 'onHealth'>;

export const createDeviceMetrics = (registers: Registry[]): DeviceMetrics => {
  const canaries = new Counter({
    name: 'kiln_canaries_total',
    help: 'Known-good candidates that checked a device, by what they came to',
    labelNames: ['host', 'device', 'result'],
    registers,
  });
  const quarantined = new Gauge({
    name: 'kiln_device_quarantined',
    help: '1 while the device takes no work since it failed a known-good candidate',
    labelNames: ['host', 'device'],
    registers,
  });
  const gap = new Histogram({
    name: 'kiln_device_idle_gap_seconds',
    help: 'Device idle between two judgements while work was waiting',
    labelNames: ['device'],
    buckets: IDLE_GAP_SECONDS,
    registers,
  });
  const use = new Gauge({
    name: 'kiln_device_use_seconds',
    help: 'Where a device’s time went since its runner started',
    labelNames: ['host', 'device', 'use'],
    registers,
  });
  const compileQueue = new Gauge({
    name: 'kiln_compile_queue',
    help: 'Compilations at a host, as it last reported',
    labelNames: ['host', 'state'],
    registers,
  });
  return {
    onJudged: ({ deviceId, phases }) => gap.observe({ device: deviceId }, phases.idleGapMs / 1000),
    onCanary: (host, device, result) => canaries.inc({ host, device, result }),
    setQuarantined: (host, device, isQuarantined) => quarantined.set({ host, device }, isQuarantined ? 1 : 0),
    onHealth: (host, health) => {
      compileQueue.set({ host, state: 'queued' }, health.compileQueued);
      compileQueue.set({ host, state: 'running' }, health.compileRunning);
      for (const [device, times] of Object.entries(health.use)) {
        use.set({ host, device, use: 'measuring' }, times.measuringMs / 1000);
        use.set({ host, device, use: 'checking' }, times.checkingMs / 1000);
        use.set({ host, device, use: 'loading' }, times.loadingMs / 1000);
        use.set({ host, device, use: 'idle_with_work' }, times.idleWithWorkMs / 1000);
        use.set({ host, device, use: 'idle_without_work' }, times.idleWithoutWorkMs / 1000);
        use.set({ host, device, use: 'faults' }, times.faultMs / 1000);
        use.set({ host, device, use: 'profiling' }, (times.profilingMs ?? 0) / 1000);
      }
    },
  };
};
