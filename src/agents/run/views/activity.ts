/** One sentence: what a campaign does now, and what holds it back. */
import type { Allowance } from '../../feeding/feeder.ts';
import { outstandingOf } from '../state/account.ts';
import { batchedOf } from '../state/open-batch.ts';
import type { Run } from '../state/campaign-run.ts';
import { allowedNow } from '../state/allowed-now.ts';
import type { RunDeps } from '../lifecycle/run-deps.ts';

type ActivityDeps = Pick<RunDeps, 'monotonicMs' | 'generators' | 'classes'>;

export const activityOf = (run: Run, deps: ActivityDeps): string => {
  const doing = doingNow(run);
  const held = run.campaign.status === 'running' ? holding(run, deps) : run.campaign.reason;
  return [doing, held].filter((part) => part !== null && part !== '').join('; ');
};

const doingNow = (run: Run): string => {
  const { status } = run.campaign;
  const waiting = run.account.byStatus.submitted;
  const batched = batchedOf(run.batches);
  const parts = [
    ...(run.thinking > 0 ? [`${run.thinking} of ${run.campaign.spec.agents} agents think`] : []),
    ...(batched > 0 ? [`${batched} ${batched === 1 ? 'question waits' : 'questions wait'} in a batch`] : []),
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'candidate waits' : 'candidates wait'} for a verdict`] : []),
  ];
  if (parts.length > 0) return parts.join(', ');
  return status === 'running' ? 'nobody thinks' : status;
};

/** The first that applies: what is broken, what is used up, whom nobody may ask, what is not judged yet, what the fleet needs. */
const holding = (run: Run, deps: ActivityDeps): string => {
  if (run.trouble !== null) return `waiting: ${run.trouble}`;
  const allowed = allowedNow(run, deps);
  if (allowed.kind !== 'go') return outstandingOf(run.account) > 0 ? `finishing: ${allowed.reason}` : allowed.reason;
  const refusals = [...run.asking].map(([name, { breaker }]) => unusable(name, deps) ?? breaker.refusal(deps.monotonicMs()));
  if (refusals.every((reason) => reason !== null)) return refusals.join('; ');
  const starts = run.targets.reduce((sum, { startsLeft }) => sum + startsLeft, 0);
  const devices = [...new Set(run.targets.map(({ device }) => device))].map((device) => deps.classes.allowed(device));
  if (starts > 0) return startsText(starts, devices);
  const reasons = devices.map(({ reason }) => reason);
  return [...refusals.filter((reason) => reason !== null), ...reasons].join('; ');
};

/** They wait for devices like everybody: a class that takes nothing, or has judged nothing yet, is why. */
const startsText = (starts: number, devices: readonly Allowance[]): string => {
  const unknown = devices.filter(({ heldSeconds }) => heldSeconds === null).map(({ reason }) => reason);
  return [`${starts} ${starts === 1 ? 'starting point has' : 'starting points have'} no verdict yet`, ...unknown].join('; ');
};

const unusable = (name: string, { generators }: ActivityDeps): string | null => {
  const generator = generators.byName.get(name);
  if (!generator) return `${name} is not configured any more (agents.generators in kiln.yaml)`;
  return generator.unavailable === null ? null : `${name} cannot be used: ${generator.unavailable}`;
};
