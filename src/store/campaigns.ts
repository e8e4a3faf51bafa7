/** Campaigns and their generations: what was asked of generators, what it cost, and what became of it. */
import type { Campaign, Generation, GenerationUpdate } from '../domain/campaign/campaign.ts';
import { type Lesson, Lessons, type Recalled, RecalledList } from '../domain/campaign/lessons.ts';
import type { CampaignId, CandidateId } from '../domain/ids.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import type { CampaignChange, GenerationPage } from '../domain/ports/store.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';

/** Idempotent by id. */
export const insertCampaign = async (sql: Sql, campaign: Campaign, recalled: readonly Recalled[]): Promise<void> =>
  writing(sql, async (session) => {
    const { id, spec, status, reason, submitter, ranMs, createdAt, updatedAt } = campaign;
    const inserted = await session.query<{ id: CampaignId }>(INSERT_CAMPAIGN, [
      id,
      toJson(spec),
      status,
      reason,
      submitter,
      ranMs,
      createdAt,
      updatedAt,
      recalled.length === 0 ? null : toJson(recalled),
    ]);
    if (inserted.length > 0) await append(session, [createdEvent(campaign)], createdAt);
  });

const INSERT_CAMPAIGN = `
insert into kiln.campaigns (id, spec, status, reason, submitter, ran_ms, created_at, updated_at, recalled)
values ($1, $2::jsonb, $3, $4, $5, $6::double precision, $7::timestamptz, $8::timestamptz, $9::jsonb)
on conflict (id) do nothing
returning id`;

const createdEvent = ({ id, spec, submitter }: Campaign): NewJournalEvent =>
  eventOf('campaign.created', {
    campaignId: id,
    name: spec.name,
    problems: spec.problems,
    devices: spec.devices,
    agents: spec.agents,
    submitter,
  });

const eventOf = (type: NewJournalEvent['type'], data: Record<string, unknown>): NewJournalEvent => ({
  type,
  candidateId: null,
  hostId: null,
  data,
});

/** With an event where the status changes. A campaign that is not there is left alone. */
export const updateCampaign = async (
  sql: Sql,
  { id, change }: { readonly id: CampaignId; readonly change: CampaignChange },
  at: string,
): Promise<void> =>
  writing(sql, async (session) => {
    const [before] = await session.query<{ status: string }>('select status from kiln.campaigns where id = $1', [id]);
    if (!before) return;
    const { status, reason, ranMs } = change;
    await session.query(UPDATE_CAMPAIGN, [id, status, reason, ranMs, at]);
    if (before.status !== status) await append(session, [eventOf('campaign.changed', { campaignId: id, status, reason })], at);
  });

const UPDATE_CAMPAIGN = `
update kiln.campaigns set status = $2, reason = $3, ran_ms = $4::double precision, updated_at = $5::timestamptz where id = $1`;

interface CampaignRow extends Omit<Campaign, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Newest first. */
export const readCampaigns = async (sql: SqlSession): Promise<readonly Campaign[]> => {
  const rows = await sql.query<CampaignRow>(`
    select id, spec, status, reason, submitter, ran_ms as "ranMs", created_at as "createdAt", updated_at as "updatedAt"
    from kiln.campaigns order by campaign_order desc`);
  return rows.map(({ spec, createdAt, updatedAt, ...row }) => ({
    ...row,
    spec: { ...SPEC_BEFORE, ...spec },
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }));
};

/** What campaigns did before their specs said it. */
const SPEC_BEFORE = { turns: 1, mix: 'fixed', recall: false, batches: false } as const;

export const readRecalled = async (sql: SqlSession, id: CampaignId): Promise<readonly Recalled[]> => {
  const [row] = await sql.query<{ recalled: unknown }>('select recalled from kiln.campaigns where id = $1', [id]);
  return RecalledList.parse(row?.recalled ?? []);
};

export const updateLessons = async (sql: SqlSession, id: CampaignId, lessons: readonly Lesson[]): Promise<void> =>
  void (await sql.query('update kiln.campaigns set lessons = $2::jsonb where id = $1', [id, toJson(lessons)]));

/** Of the newest campaigns that learned something, the newest first. */
export const readLessons = async (sql: SqlSession, limit: number): Promise<readonly (readonly Lesson[])[]> => {
  const rows = await sql.query<{ lessons: unknown }>(
    'select lessons from kiln.campaigns where lessons is not null order by campaign_order desc limit $1::integer',
    [limit],
  );
  return rows.map(({ lessons }) => Lessons.parse(lessons));
};

/** Campaigns with generations that a daemon left asked, answered or submitted. */
export const readUnfinishedCampaigns = async (sql: SqlSession): Promise<readonly CampaignId[]> => {
  const rows = await sql.query<{ id: CampaignId }>(
    `select distinct campaign_id as id from kiln.generations where status in ('asked', 'answered', 'submitted')`,
  );
  return rows.map(({ id }) => id);
};

/** Idempotent by campaign and number. */
export const insertGenerations = async (sql: SqlSession, batch: readonly Generation[]): Promise<void> => {
  if (batch.length > 0) await sql.query(INSERT_GENERATIONS, [toJson(batch)]);
};

const INSERT_GENERATIONS = `
insert into kiln.generations (
  campaign_id, number, agent, generator, problem, device, move, island, parents, idea, proposal, usage, state, asked_at, updated_at)
select "campaignId", number, agent, generator, problem, device, move, island, parents, idea, proposal, usage, state, "askedAt", "updatedAt"
from jsonb_to_recordset($1::jsonb) as generation (
  "campaignId" text, number integer, agent integer, generator text, problem text, device text, move text, island integer,
  parents jsonb, idea text, proposal jsonb, usage jsonb, state jsonb, "askedAt" timestamptz, "updatedAt" timestamptz)
on conflict (campaign_id, number) do nothing`;

/** The last state of each stands. What is judged, failed, lost or diagnosed stays as it is. */
export const updateGenerations = async (sql: SqlSession, batch: readonly GenerationUpdate[], at: string): Promise<void> => {
  if (batch.length > 0) await sql.query(UPDATE_GENERATIONS, [toJson(lastUpdates(batch)), at]);
};

const lastUpdates = (batch: readonly GenerationUpdate[]): readonly object[] => {
  const last = new Map<string, GenerationUpdate>();
  for (const update of batch) last.set(update.id, { ...last.get(update.id), ...update });
  return [...last.values()].map(({ id, state, idea, usage }) => {
    const dot = id.lastIndexOf('.');
    return { campaignId: id.slice(0, dot), number: Number(id.slice(dot + 1)), state, idea, usage };
  });
};

const UPDATE_GENERATIONS = `
update kiln.generations set
  state = change.state,
  idea = coalesce(change.idea, generations.idea),
  usage = coalesce(change.usage, generations.usage),
  updated_at = $2::timestamptz
from jsonb_to_recordset($1::jsonb) as change ("campaignId" text, number integer, state jsonb, idea text, usage jsonb)
where generations.campaign_id = change."campaignId" and generations.number = change.number
  and generations.status not in ('judged', 'failed', 'lost', 'diagnosed')`;

/**
 * Puts generations whose verdict was taken back among those that wait for one. Returns them as they were. A candidate that is done again
 * may be among `ids`: its generations wait for nothing, and whoever follows them finds the verdict there.
 */
export const withdrawVerdicts = async (
  sql: SqlSession,
  ids: readonly CandidateId[],
  at: string,
): Promise<readonly Generation[]> => {
  if (ids.length === 0) return [];
  const rows = await sql.query<GenerationRow>(WITHDRAW, [ids, at]);
  return rows.map(generationOf);
};

const WITHDRAW = `
with doubted as (
  select campaign_id, number, state from kiln.generations
  where status = 'judged' and state ->> 'candidateId' = any($1::text[]) for update
)
update kiln.generations set
  state = jsonb_build_object('status', 'submitted', 'candidateId', doubted.state -> 'candidateId', 'isFirst', doubted.state -> 'isFirst'),
  updated_at = $2::timestamptz
from doubted where generations.campaign_id = doubted.campaign_id and generations.number = doubted.number
returning generations.campaign_id || '.' || generations.number as id, generations.campaign_id as "campaignId", generations.number, agent,
  generator, problem, device, move, island, parents, idea, proposal, usage, doubted.state, asked_at as "askedAt", updated_at as "updatedAt"`;

/** Candidates whose generations tell a verdict that was taken back while no daemon followed. */
export const readOutdatedVerdicts = async (sql: SqlSession): Promise<readonly CandidateId[]> => {
  const rows = await sql.query<{ id: CandidateId }>(OUTDATED);
  return rows.map(({ id }) => id);
};

const OUTDATED = `
select candidates.id from kiln.candidates
join kiln.generations on generations.status = 'judged' and generations.state ->> 'candidateId' = candidates.id
where candidates.judged_again is not null
  and (candidates.status <> 'done' or (candidates.judged_again ->> 'at')::timestamptz > generations.updated_at)
union
select candidates.id from kiln.generations
join kiln.candidates on candidates.id = generations.state ->> 'candidateId'
where generations.status = 'judged' and generations.state ->> 'verdict' in ('cancelled', 'infra_failed')
  and (candidates.status <> 'done' or candidates.verdict <> generations.state ->> 'verdict')`;

interface GenerationRow extends Omit<Generation, 'proposal' | 'askedAt' | 'updatedAt'> {
  readonly proposal: Generation['proposal'] | null;
  readonly askedAt: Date;
  readonly updatedAt: Date;
}

/** By number. */
export const readGenerations = async (
  sql: SqlSession,
  id: CampaignId,
  { after, limit }: GenerationPage,
): Promise<readonly Generation[]> => {
  // The limit stands in the text: as a parameter it is a guess for the planner, which then sorts all that follows for each page.
  const rows = await sql.query<GenerationRow>(`${READ_GENERATIONS} limit ${Math.trunc(limit)}`, [id, after]);
  return rows.map(generationOf);
};

const generationOf = ({ proposal, ...row }: GenerationRow): Generation => ({
  ...row,
  ...(proposal ? { proposal } : {}),
  askedAt: row.askedAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

const READ_GENERATIONS = `
select campaign_id || '.' || number as id, campaign_id as "campaignId", number, agent, generator, problem, device, move, island, parents,
  idea, proposal, usage, state, asked_at as "askedAt", updated_at as "updatedAt"
from kiln.generations where campaign_id = $1 and number > $2::integer order by number`;
