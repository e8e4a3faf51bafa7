/**
 * Kiln, sweeps and campaigns as one caller may use them: who submits comes from the token, and the work of others is left alone unless the token is for
 * others too. Routes and MCP tools call through this, so that no way in forgets it.
 */
import type { Principal } from '../../domain/access/principal.ts';
import type { Role } from '../../domain/access/role.ts';
import { MCP_SUBMITTER, SUBMITTER_DEFAULT } from '../../domain/api/candidates.ts';
import { campaignOf, campaignSubmitter } from '../../domain/campaign/campaign.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CampaignId } from '../../domain/ids.ts';
import type { Campaigns } from '../../domain/ports/campaigns.ts';
import type { Kiln } from '../../domain/ports/kiln.ts';
import type { Sweeps } from '../../domain/ports/sweeps.ts';
import { requireRole } from './principals.ts';

export interface Worked {
  readonly kiln: Kiln;
  readonly sweeps: Sweeps;
  readonly campaigns: Campaigns;
}

/** What programs that name nobody are called: then the token says who submits. */
const UNNAMED: ReadonlySet<string> = new Set([SUBMITTER_DEFAULT, MCP_SUBMITTER]);

export const workOf = (all: Worked, principal: Principal): Worked => {
  const needs = (role: Role, what: string): void => requireRole(principal, role, what);
  const owners = ownersOf(all, principal);
  return {
    kiln: { ...all.kiln, ...kilnOf(all.kiln, { principal, needs, owners }) },
    sweeps: { ...all.sweeps, ...sweepsOf(all.sweeps, { principal, needs, owners }) },
    campaigns: { ...all.campaigns, ...campaignsOf(all.campaigns, { principal, needs, owners }) },
  };
};

interface Limits {
  readonly principal: Principal;
  readonly needs: (role: Role, what: string) => void;
  readonly owners: Owners;
}

/** Throws FORBIDDEN for a name that the token does not stand for. */
export const submitterFor = ({ name, submitter, isForOthers }: Principal, asked: string): string => {
  if (submitter !== null && UNNAMED.has(asked)) return submitter;
  if (isForOthers || asked === submitter) return asked;
  throw new KilnError(
    'FORBIDDEN',
    `the token ${name} submits as ${submitter ?? 'nobody'}, and not as ${asked}: leave the submitter out`,
  );
};

const kilnOf = (kiln: Kiln, { principal, needs, owners }: Limits) =>
  ({
    submit: async (batch, sweepId) => {
      needs('submit', 'to submit');
      return kiln.submit(
        batch.map((one) => ({ ...one, submitter: submitterFor(principal, one.submitter) })),
        sweepId,
      );
    },
    cancel: async (id) => {
      needs('submit', 'to cancel');
      await owners.require((await kiln.candidate(id)).submission.submitter, `candidate ${id}`);
      return kiln.cancel(id);
    },
    steer: async (action, request) => {
      needs('submit', `to ${action}`);
      if (principal.isForOthers) return kiln.steer(action, request);
      const { select } = request;
      const own = { ...request, select: { ...select, submitter: await owners.ownOf(select) } };
      // Only what is its own is selected: there is nothing to compare.
      if (select.submitter !== undefined || select.campaign !== undefined) return kiln.steer(action, own);
      // What others have is never met by the second; that it was asked for is said, and nothing is done.
      const [met, met2] = await Promise.all(
        [request, own].map(async (one) => (await kiln.steer(action, { ...one, dryRun: true })).changed),
      );
      if (met !== met2) throw others(principal, `${(met ?? 0) - (met2 ?? 0)} of these ${met} candidates`);
      return kiln.steer(action, own);
    },
    askProfile: async (id) => {
      needs('submit', 'to ask for a profile');
      return kiln.askProfile(id);
    },
    checkProblem: async (name, where) => {
      needs('submit', 'to try a problem on a device');
      return kiln.checkProblem(name, where);
    },
  }) satisfies Partial<Kiln>;

const sweepsOf = (sweeps: Sweeps, { principal, needs, owners }: Limits) => {
  const own = async (id: Parameters<Sweeps['view']>[0]): Promise<void> => {
    needs('submit', 'to steer a sweep');
    await owners.require((await sweeps.view(id)).submitter, `sweep ${id}`);
  };
  return {
    create: async (request) => {
      needs('submit', 'to start a sweep');
      const submitter = submitterFor(principal, request.candidate.submitter);
      return sweeps.create({ ...request, candidate: { ...request.candidate, submitter } });
    },
    pause: async (id) => own(id).then(async () => sweeps.pause(id)),
    resume: async (id) => own(id).then(async () => sweeps.resume(id)),
    extend: async (id, more) => own(id).then(async () => sweeps.extend(id, more)),
    cancel: async (id) => own(id).then(async () => sweeps.cancel(id)),
  } satisfies Partial<Sweeps>;
};

const campaignsOf = (campaigns: Campaigns, { principal, needs, owners }: Limits) => {
  const own = async (id: CampaignId): Promise<void> => {
    needs('submit', 'to steer a campaign');
    await owners.require((await campaigns.view(id)).submitter, `campaign ${id}`);
  };
  return {
    create: async (spec) => {
      needs('submit', 'to start a campaign');
      return campaigns.create({ ...spec, submitter: submitterFor(principal, spec.submitter) });
    },
    pause: async (id) => own(id).then(async () => campaigns.pause(id)),
    resume: async (id) => own(id).then(async () => campaigns.resume(id)),
    stop: async (id) => own(id).then(async () => campaigns.stop(id)),
  } satisfies Partial<Campaigns>;
};

interface Owners {
  /** Throws FORBIDDEN where it is another's. */
  require(submitter: string, what: string): Promise<void>;
  /** The name under which the candidates that are selected would be the caller's own. Throws FORBIDDEN where another is named. */
  ownOf(select: { readonly submitter?: string | undefined; readonly campaign?: CampaignId | undefined }): Promise<string>;
}

const ownersOf = ({ campaigns }: Worked, principal: Principal): Owners => {
  const isOwn = async (submitter: string): Promise<boolean> => {
    if (principal.isForOthers || submitter === principal.submitter) return true;
    const campaign = campaignOf(submitter);
    return campaign !== null && (await campaigns.view(campaign)).submitter === principal.submitter;
  };
  const require = async (submitter: string, what: string): Promise<void> => {
    if (!(await isOwn(submitter))) throw others(principal, what);
  };
  return {
    require,
    ownOf: async ({ submitter, campaign }) => {
      const named = submitter ?? (campaign === undefined ? (principal.submitter ?? '') : campaignSubmitter(campaign));
      await require(named, `what ${named} submitted`);
      return named;
    },
  };
};

const others = ({ name }: Principal, what: string): KilnError =>
  new KilnError(
    'FORBIDDEN',
    `${what} is not the work of the token ${name}: only an admin steers the work of others; nothing was changed`,
  );
