/** The client's calls about sweeps. */
import { sweepsContract } from '../domain/api/sweeps-contract.ts';
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
import type { CallOptions, Endpoint, Json } from './http.ts';

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

type Text = (endpoint: Endpoint, call: CallOptions) => Promise<string>;

export const createSweepCalls = (json: Json, text: Text): SweepCalls => ({
  createSweep: (sweep) => json(sweepsContract.create, { body: sweep }),
  sweeps: () => json(sweepsContract.list),
  sweep: (id) => json(sweepsContract.get, { params: { id } }),
  pauseSweep: (id) => json(sweepsContract.pause, { params: { id } }),
  resumeSweep: (id) => json(sweepsContract.resume, { params: { id } }),
  extendSweep: (id, more) => json(sweepsContract.extend, { params: { id }, body: more }),
  cancelSweep: (id) => json(sweepsContract.cancel, { params: { id } }),
  sweepResults: (id, query = {}) => json(sweepsContract.results, { params: { id }, query, waitMs: (query.wait ?? 0) * 1000 }),
  sweepPoints: (id, query = {}) => json(sweepsContract.points, { params: { id }, query }),
  sweepPlot: (id, query = {}) => text(sweepsContract.plot, { params: { id }, query }),
});
