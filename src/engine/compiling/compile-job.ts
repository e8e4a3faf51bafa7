/** The steps of one candidate's compile job: its unit, and for a program the recording of what was built. */
import type { Device } from '../../domain/device.ts';
import type { HostId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { ProgramUnit, RecordUnit } from '../../domain/program-unit.ts';
import { recordUnitOf } from '../../problems/resolve-program.ts';
import { callsOf, resolvedFor } from '../active-candidates.ts';
import type { ActiveCandidate, CompileJob } from '../active-candidates.ts';
import { markedUnit } from '../canaries/marks.ts';
import type { HostState } from '../host-state.ts';
import type { Shared } from '../state.ts';
import type { Answer } from './compile-end.ts';
import type { HostUnit } from './known-artifacts.ts';

/** The first step, with the unit as the host is to know it; or why its plan is no plan. */
export const jobFor = (
  { hidden }: Pick<Shared, 'hidden'>,
  candidate: ActiveCandidate,
  { host, device }: { readonly host: HostState; readonly device: Pick<Device, 'architecture' | 'model'> },
): CompileJob | Outcome => {
  const { architecture, model } = device;
  const resolved = resolvedFor(candidate, architecture);
  if ('verdict' in resolved) return resolved;
  const unit = markedUnit(resolved.unit, host.canaries.marks.code);
  const { hostId } = host.session;
  const { loaded, submission } = candidate;
  return {
    hostId,
    deviceModel: model,
    unit,
    calls: callsOf(resolved, submission.content, { loaded, drawn: resolved.calls && hidden.ofProgram(candidate) }),
    asked: null,
    failedAt: new Set(),
    mayTransfer: true,
  };
};

/** A program that was built is recorded then, at its own host; one whose build its host has lost is built once more. Null: the job is over. */
export const nextStep = (
  job: CompileJob,
  { byAnswers }: Pick<ActiveCandidate, 'byAnswers'>,
  { result, host }: Pick<Answer, 'result' | 'host'>,
): CompileJob | null => {
  const first = { ...job, asked: null, failedAt: new Set<HostId>() };
  if (job.calls && result.status === 'compiled' && isProgram(job.unit)) {
    const { artifact } = result;
    const { deviceModel, calls } = job;
    const unit = recordUnitOf(job.unit, { artifact, deviceModel, calls, isByAnswers: byAnswers !== null });
    return { ...first, unit, calls: null, mayTransfer: false };
  }
  if (!isRecording(job.unit) || job.isSecondBuild || result.status !== 'infra' || result.failure.code !== 'unknown_artifact')
    return null;
  const { built, deviceModel: _model, cases, model, by: _by, ...unit } = job.unit;
  host.known.forget(built);
  return { ...first, unit, calls: { cases, ...(model && { model }) }, mayTransfer: true, isSecondBuild: true };
};

/** The same, to be called by its judge; null where that was no recording. */
export const byAnswersInstead = (job: CompileJob): CompileJob | null =>
  isRecording(job.unit) && job.unit.by === undefined
    ? { ...job, unit: { ...job.unit, by: 'answers' }, asked: null, failedAt: new Set() }
    : null;

const isRecording = (unit: HostUnit): unit is RecordUnit => 'built' in unit;
const isProgram = (unit: HostUnit): unit is ProgramUnit => unit.language === 'python' && !isRecording(unit);
