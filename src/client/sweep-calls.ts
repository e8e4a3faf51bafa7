/** The client's calls about sweeps. */
import type {
  CreateSweep,
  ExtendSweep,
  SweepList,
  SweepPlotQuery,
  SweepPoints,
  SweepPointsQuery,
  SweepResults,
  SweepResultsQuery,
  SweepView,
} from '../domain/api/sweeps.ts';
import { sweeps } from './contracts.ts';
import type { Json, Text } from './http.ts';

export interface SweepCalls {
  /** The same request is the same sweep: it may be sent again after a lost answer. */
  createSweep(sweep: CreateSweep): Promise<SweepView>;
  sweeps(): Promise<SweepList>;
  sweep(id: string): Promise<SweepView>;
  pauseSweep(id: string): Promise<SweepView>;
  resumeSweep(id: string): Promise<SweepView>;
  /** Adds to its budget; one that has finished goes on. */
  extendSweep(id: string, more: ExtendSweep): Promise<SweepView>;
  /** Ends it for good, with its points that wait. */
  cancelSweep(id: string): Promise<SweepView>;
  /** In the order in which verdicts came. With `wait` (seconds, at most 60) the answer comes when there is more, or then. */
  sweepResults(id: string, query?: Partial<SweepResultsQuery>): Promise<SweepResults>;
  /** What was submitted, in its order, page by page. */
  sweepPoints(id: string, query?: Partial<SweepPointsQuery>): Promise<SweepPoints>;
  /** SVG. */
  sweepPlot(id: string, query?: Partial<SweepPlotQuery>): Promise<string>;
}

export const createSweepCalls = (json: Json, text: Text): SweepCalls => ({
  createSweep: (sweep) => json(sweeps, 'create', { body: sweep }),
  sweeps: () => json(sweeps, 'list'),
  sweep: (id) => json(sweeps, 'get', { params: { id } }),
  pauseSweep: (id) => json(sweeps, 'pause', { params: { id } }),
  resumeSweep: (id) => json(sweeps, 'resume', { params: { id } }),
  extendSweep: (id, more) => json(sweeps, 'extend', { params: { id }, body: more }),
  cancelSweep: (id) => json(sweeps, 'cancel', { params: { id } }),
  sweepResults: (id, query = {}) => json(sweeps, 'results', { params: { id }, query, waitMs: (query.wait ?? 0) * 1000 }),
  sweepPoints: (id, query = {}) => json(sweeps, 'points', { params: { id }, query }),
  sweepPlot: (id, query = {}) => text(sweeps, 'plot', { params: { id }, query }),
});
