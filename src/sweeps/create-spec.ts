/** What a request for a sweep comes to: its space, checked, and its id. */
import type { z } from 'zod';
import type { SubmitCandidate } from '../domain/api/candidates.ts';
import type { CreateSweep } from '../domain/api/sweeps.ts';
import { knownClass } from '../domain/device.ts';
import { KilnError } from '../domain/errors.ts';
import { hashOf, SweepId } from '../domain/ids.ts';
import type { LaunchPlan } from '../domain/plan/plan.ts';
import { valuesOfRange } from '../domain/plan/value-range.ts';
import type { Kiln, SweepJudging } from '../domain/ports/kiln.ts';
import type { NewSweep } from '../domain/ports/sweeps.ts';
import { countValid, createSpace, type Space } from '../domain/sweep/space.ts';
import { spaceOfCandidate } from '../domain/sweep/space-of-candidate.ts';
import { sourceOf } from '../problems/merge-files.ts';
import { parseHeader } from '../problems/parse-header.ts';

/** Larger spaces are not counted through: their conditions would hold up everybody else. */
const COUNTED_MAX = 200_000;

type Request = z.output<typeof CreateSweep>;
type Candidate = z.output<typeof SubmitCandidate>;

/** Throws KilnError naming the field. */
export const newSweep = async (
  request: Request,
  judging: Pick<SweepJudging, 'fleet' | 'views'> & Pick<Kiln, 'problem'>,
): Promise<NewSweep> => {
  const { base = {} } = request;
  const { files: _, ...given } = { ...request.candidate, source: sourceOf(request.candidate) };
  const asked = { ...given, device: await classOf(given.device, judging) };
  const { axes, where, fixed } = spaceOfCandidate(planOf(asked), {
    space: valuesOf(request.space),
    where: request.where,
    params: asked.params,
    base,
  });
  const kept = Object.entries(base).filter(([name]) => !Object.hasOwn(axes, name));
  const candidate = { ...asked, params: { ...Object.fromEntries(kept), ...asked.params } };
  const space = createSpace({ axes, where, fixed });
  const validPoints = where.length === 0 ? space.size : countValid(space, COUNTED_MAX);
  refuseEmpty(validPoints, where);
  // Whatever the request itself has wrong is said here, not by each of its points.
  judging.views.checkPlan({ ...candidate, params: { ...candidate.params, ...space.paramsOf(firstValid(space)) } });
  const { strategy, seed, maxRunning = null, budget, name } = request;
  const plateau = request.plateau ? { ...request.plateau, after: 0 } : null;
  const spec = { name, axes, where, fixed, strategy, seed, maxRunning, budget, plateau, validPoints };
  const problem = hashOf(judging.problem(candidate.problem));
  return { id: SweepId.parse(`s-${hashOf({ request, problem }).slice(0, 16)}`), spec, candidate };
};

const planOf = ({ source, language }: Candidate): LaunchPlan => {
  if (language === 'python') throw new KilnError('INVALID_REQUEST', 'candidate.language: a program has no params to vary');
  const header = parseHeader(source, language);
  if (header.ok) return header.plan;
  throw new KilnError('INVALID_REQUEST', `candidate.source: ${header.field}: ${header.message}`, {
    details: { field: 'candidate.source' },
  });
};

/** Ranges are checked by the request's schema. */
const valuesOf = (space: Request['space']) =>
  Object.fromEntries(
    Object.entries(space).map(([name, values]) => {
      const list = typeof values === 'string' ? valuesOfRange(values) : values;
      return [name, typeof list === 'string' ? [] : list];
    }),
  );

const classOf = async (asked: string, { fleet }: Pick<SweepJudging, 'fleet'>): Promise<string> => {
  const shown = (await fleet()).hosts.flatMap(({ devices }) => devices.map((device) => device.class));
  return shown.find((name) => name.toLowerCase() === asked.toLowerCase()) ?? knownClass(asked) ?? asked;
};

const refuseEmpty = (validPoints: number | null, where: readonly string[]): void => {
  if (validPoints !== 0) return;
  throw new KilnError('INVALID_REQUEST', `where: no point of the space meets all conditions: ${where.join('; ')}`, {
    details: { field: 'where' },
  });
};

const firstValid = (space: Space): number => {
  for (let point = 0; point < Math.min(space.size, COUNTED_MAX); point += 1) if (space.isValid(point)) return point;
  return 0;
};
