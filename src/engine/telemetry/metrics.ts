/** Prometheus metrics of the daemon. Names end in their unit; label values are bounded (verdicts, stages, devices of the fleet). */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { FleetView } from '../../domain/api/inspection.ts';
import type { CompileResult, FromRunner, JudgeResult } from '../../domain/protocol.ts';
import { createStageTimes } from './stage-times.ts';

const IDLE_GAP_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10];
const STAGE_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600, 3600];

export type Stage = 'queued' | 'compiling' | 'ready' | 'judging' | 'confirming';
type Health = Extract<FromRunner, { type: 'health' }>;

export interface Metrics {
  onVerdict(problem: string, verdict: string): void;
  onJudged(result: JudgeResult): void;
  onCompiled(hostId: string, result: CompileResult): void;
  /** A compilation that the host need not be asked for: it is known to hold the artifact. */
  onKnown(hostId: string): void;
  /** An artifact between hosts; `failed` at the host that could not give or take it. */
  onTransferred(hostId: string, step: 'fetched' | 'put' | 'failed'): void;
  onInfra(code: string): void;
  onCanary(hostId: string, deviceId: string, result: 'passed' | 'failed' | 'inconclusive'): void;
  setQuarantined(hostId: string, deviceId: string, isQuarantined: boolean): void;
  onCompilerCanary(hostId: string, result: 'passed' | 'failed' | 'inconclusive'): void;
  setCompilerQuarantined(hostId: string, isQuarantined: boolean): void;
  /** Verdicts that were taken back. */
  onReopened(count: number): void;
  onStageLeft(stage: Stage, seconds: number): void;
  /** Of the last candidates that left each stage. */
  stageTimesMs(): FleetView['stages'];
  onHealth(hostId: string, health: Health): void;
  setDepth(depth: Readonly<Record<Stage, number>>): void;
  setUnwritten(entries: number): void;
  text(): Promise<string>;
}

export const createMetrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'kiln_' });
  const registers = [registry];
  const verdicts = new Counter({
    name: 'kiln_candidates_total',
    help: 'Final verdicts',
    labelNames: ['problem', 'verdict'],
    registers,
  });
  const infra = new Counter({
    name: 'kiln_infra_failures_total',
    help: 'Attempts that failed for a reason that is not the candidate’s',
    labelNames: ['code'],
    registers,
  });
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
  const compilerCanaries = new Counter({
    name: 'kiln_compiler_canaries_total',
    help: 'Checks of a compile host by known-good candidates that it compiled, by what they came to',
    labelNames: ['host', 'result'],
    registers,
  });
  const compilerQuarantined = new Gauge({
    name: 'kiln_compiler_quarantined',
    help: '1 while the host compiles nothing for others since a known-good candidate that it compiled failed',
    labelNames: ['host'],
    registers,
  });
  const reopened = new Counter({
    name: 'kiln_candidates_reopened_total',
    help: 'Verdicts that were taken back since their device, or who compiled them, failed a known-good candidate',
    registers,
  });
  const compiles = new Counter({
    name: 'kiln_compiles_total',
    help: 'Compilations by host and result',
    labelNames: ['host', 'result'],
    registers,
  });
  const transfers = new Counter({
    name: 'kiln_artifact_transfers_total',
    help: 'Artifacts fetched from hosts that compile for others, and put into those that judge',
    labelNames: ['host', 'step'],
    registers,
  });
  const compileSeconds = new Histogram({
    name: 'kiln_compile_seconds',
    help: 'Time of compilations that were not cached',
    labelNames: ['host'],
    buckets: STAGE_SECONDS,
    registers,
  });
  const stages = new Histogram({
    name: 'kiln_stage_seconds',
    help: 'Time a candidate spent in a stage',
    labelNames: ['stage'],
    buckets: STAGE_SECONDS,
    registers,
  });
  const depth = new Gauge({ name: 'kiln_queue_depth', help: 'Candidates by stage', labelNames: ['stage'], registers });
  const unwritten = new Gauge({
    name: 'kiln_unwritten_records',
    help: 'What was judged and moved and is not in the store yet',
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
    help: 'Compilations at a host, as it last told',
    labelNames: ['host', 'state'],
    registers,
  });
  const stageTimes = createStageTimes();
  return {
    onVerdict: (problem, verdict) => verdicts.inc({ problem, verdict }),
    onJudged: ({ deviceId, phases }) => gap.observe({ device: deviceId }, phases.idleGapMs / 1000),
    onCompiled: (host, result) => {
      const kind = result.status === 'compiled' && result.cached ? 'cached' : result.status;
      compiles.inc({ host, result: kind });
      if (result.status === 'compiled' && !result.cached) compileSeconds.observe({ host }, result.durationMs / 1000);
    },
    onKnown: (host) => compiles.inc({ host, result: 'known' }),
    onTransferred: (host, step) => transfers.inc({ host, step }),
    onInfra: (code) => infra.inc({ code }),
    onCanary: (host, device, result) => canaries.inc({ host, device, result }),
    setQuarantined: (host, device, isQuarantined) => quarantined.set({ host, device }, isQuarantined ? 1 : 0),
    onCompilerCanary: (host, result) => compilerCanaries.inc({ host, result }),
    setCompilerQuarantined: (host, isQuarantined) => compilerQuarantined.set({ host }, isQuarantined ? 1 : 0),
    onReopened: (count) => reopened.inc(count),
    onStageLeft: (stage, seconds) => {
      stages.observe({ stage }, seconds);
      stageTimes.add(stage, seconds * 1000);
    },
    stageTimesMs: () => stageTimes.view(),
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
    setDepth: (counts) => {
      for (const [stage, count] of Object.entries(counts)) depth.set({ stage }, count);
    },
    setUnwritten: (entries) => unwritten.set(entries),
    text: async () => registry.metrics(),
  };
};
