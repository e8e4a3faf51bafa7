/** Prometheus metrics of the daemon. Names end in their unit; label values are bounded (verdicts, stages, devices of the fleet). */
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { FleetView } from '../../domain/api/fleet.ts';
import type { CompileResult, FromRunner, JudgeResult } from '../../domain/protocol.ts';
import { createCandidateMetrics } from './candidate-metrics.ts';
import { createCompileMetrics } from './compile-metrics.ts';
import { createDeviceMetrics } from './device-metrics.ts';
import { createFleetMetrics } from './fleet-metrics.ts';

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
  /** One is measured again since its times were not taken at the device's usual clocks. */
  onDisturbed(): void;
  onCanary(hostId: string, deviceId: string, result: 'passed' | 'failed' | 'inconclusive'): void;
  setQuarantined(hostId: string, deviceId: string, isQuarantined: boolean): void;
  onCompilerCanary(hostId: string, result: 'passed' | 'failed' | 'inconclusive'): void;
  setCompilerQuarantined(hostId: string, isQuarantined: boolean): void;
  /** Verdicts that were taken back. */
  onReopened(count: number): void;
  /** The scheduler was asked for a move that no candidate may make. */
  onRefusedMove(): void;
  onStageLeft(stage: Stage, seconds: number): void;
  /** Of the last candidates that left each stage. */
  stageTimesMs(): FleetView['stages'];
  onHealth(hostId: string, health: Health): void;
  /** As it is when the metrics are read. */
  setFleet(view: FleetView): void;
  setBacklog(oldestSeconds: number | null): void;
  setRefusedProblems(count: number): void;
  /** Something failed on a host and was no candidate's doing. */
  onHostInfra(hostId: string, stage: 'compiling' | 'judging'): void;
  setDepth(depth: Readonly<Record<Stage, number>>): void;
  setUnwritten(entries: number): void;
  text(): Promise<string>;
}

export const createMetrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'kiln_' });
  return {
    ...createCandidateMetrics([registry]),
    ...createCompileMetrics([registry]),
    ...createDeviceMetrics([registry]),
    ...createFleetMetrics([registry]),
    text: async () => registry.metrics(),
  };
};
