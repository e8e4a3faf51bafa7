/** Finds what a page is about, so that no link is made to nothing, and says its whole id: a short one may become ambiguous later. */
import { CampaignId, CandidateId, SweepId } from '../../domain/ids.ts';
import type { Campaigns } from '../../domain/ports/campaigns.ts';
import type { Kiln } from '../../domain/ports/kiln.ts';
import type { Sweeps } from '../../domain/ports/sweeps.ts';
import type { SharedThing } from '../../domain/share-scope.ts';
import { wholeId } from '../short-ids.ts';

interface Deps {
  readonly kiln: Pick<Kiln, 'problem' | 'candidate' | 'idsWithPrefix'>;
  readonly campaigns: Pick<Campaigns, 'view'>;
  readonly sweeps: Pick<Sweeps, 'view'>;
}

/** Throws NOT_FOUND and AMBIGUOUS_ID. */
export const createFinder =
  ({ kiln, campaigns, sweeps }: Deps) =>
  async (thing: SharedThing): Promise<SharedThing> => {
    if (thing.kind === 'problem') {
      kiln.problem(thing.name);
      return thing;
    }
    const id = await wholeId(thing.id, kiln);
    switch (thing.kind) {
      case 'candidate':
        await kiln.candidate(CandidateId.parse(id));
        break;
      case 'sweep':
        await sweeps.view(SweepId.parse(id));
        break;
      case 'campaign':
        await campaigns.view(CampaignId.parse(id));
    }
    return { kind: thing.kind, id };
  };
