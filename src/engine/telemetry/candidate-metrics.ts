/** Of candidates: how many there are in each stage, how long they stay there, and what becomes of them. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { SECONDS_BUCKETS } from './buckets.ts';
import type { Metrics } from './metrics.ts';
import { createStageTimes } from './stage-times.ts';

type CandidateMetrics = Pick<
  Metrics,
  | 'onVerdict'
  | 'onInfra'
  | 'onDisturbed'
  | 'onReopened'
  | 'onRefusedMove'
  | 'onStageLeft'
  | 'stageTimesMs'
  | 'setDepth'
  | 'setUnwritten'
  | 'setBacklog'
  | 'setRefusedProblems'
>;

export const createCandidateMetrics = (registers: Registry[]): CandidateMetrics => {
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
  const disturbed = new Counter({
    name: 'kiln_disturbed_judgements_total',
    help: 'Judgements made under a thermal or power brake, or at other clocks than usual, and made again',
    registers,
  });
  const reopened = new Counter({
    name: 'kiln_candidates_reopened_total',
    help: 'Verdicts that were taken back since their device, or who compiled them, failed a known-good candidate',
    registers,
  });
  const refusedMoves = new Counter({
    name: 'kiln_refused_moves_total',
    help: 'Moves of candidates that the scheduler refused because no candidate may move so: a fault of Kiln; the log says which',
    registers,
  });
  const stages = new Histogram({
    name: 'kiln_stage_seconds',
    help: 'Time a candidate spent in a stage',
    labelNames: ['stage'],
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const depth = new Gauge({ name: 'kiln_queue_depth', help: 'Candidates by stage', labelNames: ['stage'], registers });
  const unwritten = new Gauge({
    name: 'kiln_unwritten_rows',
    help: 'What was judged and moved and is not in the store yet',
    registers,
  });
  const oldest = new Gauge({
    name: 'kiln_queue_oldest_seconds',
    help: 'How long the oldest candidate that waits has waited; 0: none waits',
    registers,
  });
  const refusedProblems = new Gauge({ name: 'kiln_problems_refused', help: 'Folders of problems that do not load', registers });
  const stageTimes = createStageTimes();
  return {
    onVerdict: (problem, verdict) => verdicts.inc({ problem, verdict }),
    onInfra: (code) => infra.inc({ code }),
    onDisturbed: () => disturbed.inc(),
    onReopened: (count) => reopened.inc(count),
    onRefusedMove: () => refusedMoves.inc(),
    onStageLeft: (stage, seconds) => {
      stages.observe({ stage }, seconds);
      stageTimes.add(stage, seconds * 1000);
    },
    stageTimesMs: () => stageTimes.view(),
    setDepth: (counts) => {
      for (const [stage, count] of Object.entries(counts)) depth.set({ stage }, count);
    },
    setBacklog: (seconds) => oldest.set(seconds ?? 0),
    setRefusedProblems: (count) => refusedProblems.set(count),
    setUnwritten: (entries) => unwritten.set(entries),
  };
};
