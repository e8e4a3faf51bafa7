/** GET /v1/problems/:name/ranking: one list per device model; models are never compared. */
import type { RankingView } from '../domain/api/inspection.ts';
import type { LoadedProblem } from '../problems/load-problems.ts';
import type { EngineState } from './engine-state.ts';

const CPU_NOTE = 'for development only: on the cpu device a candidate runs natively and could cheat its timer';

export const rankingView = async (
  state: EngineState,
  loaded: LoadedProblem,
  { device, limit }: { readonly device?: string | undefined; readonly limit: number },
): Promise<RankingView> => {
  const problem = loaded.problem.name;
  const problemVersions = loaded.targets.map((target) => loaded.contentHash(target));
  const entries = await state.store.ranking({ problem, problemVersions, limit });
  const asked = device?.toLowerCase();
  const chosen = entries.filter(
    (entry) => asked === undefined || entry.device.toLowerCase() === asked || entry.score.deviceModel.toLowerCase() === asked,
  );
  const models = [...Map.groupBy(chosen, (entry) => entry.score.deviceModel)].map(([deviceModel, list]) => ({
    deviceModel,
    device: list[0]?.device ?? '',
    note: list[0]?.device === 'cpu' ? CPU_NOTE : null,
    entries: list.map(({ device: _device, ...entry }) => entry),
  }));
  return { problem, models, failed: { ...(await state.store.failures(problem, problemVersions)) } };
};
