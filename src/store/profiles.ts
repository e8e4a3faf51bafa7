/** Profiles of candidates: asked for, waiting, done or failed. One row a candidate: the last profile counts. */
import { Buffer } from 'node:buffer';
import type { CandidateId } from '../domain/ids.ts';
import type { FinishedProfile } from '../domain/ports/store-rows.ts';
import type { Profile } from '../domain/profile.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession, Writer } from './sql.ts';

/** Why it waits is known to the engine alone, and changes: it is not written down. */
const WAITING: Profile['state'] = { status: 'waiting', reason: 'waits for its turn' };

export const askProfiles = async (
  sql: Sql,
  ids: readonly CandidateId[],
  { again, at }: { readonly again: boolean; readonly at: string },
): Promise<readonly CandidateId[]> => {
  if (ids.length === 0) return [];
  const rows = await sql.transaction(async (session) => {
    await session.query(ASK, [ids, toJson(WAITING), at, again]);
    return session.query<{ id: CandidateId }>(
      `select candidate_id as id from kiln.profiles where candidate_id = any($1::text[]) and status = 'waiting'`,
      [ids],
    );
  });
  const waiting = new Set(rows.map(({ id }) => id));
  return [...new Set(ids)].filter((id) => waiting.has(id));
};

const ASK = `
insert into kiln.profiles (candidate_id, state, asked_at, updated_at)
select distinct id, $2::jsonb, $3::timestamptz, $3::timestamptz from unnest($1::text[]) as id
on conflict (candidate_id) do update set
  state = excluded.state, raw = null, asked_at = excluded.asked_at, updated_at = excluded.updated_at
where profiles.status = 'failed' or (profiles.status = 'done' and $4::boolean)`;

export const finishProfile = async (sql: Writer, finished: FinishedProfile, at: string): Promise<boolean> =>
  writing(sql, async (session) => {
    const { candidateId, state, raw, hostId } = finished;
    const base64 = raw && Buffer.from(raw).toString('base64');
    const rows = await session.query<{ id: CandidateId }>(FINISH, [candidateId, toJson(state), base64, at]);
    if (rows.length === 0) return false;
    const facts = state.status === 'done' ? { source: state.summary.source } : { message: state.message };
    await append(session, [{ type: 'profile.done', candidateId, hostId, data: { status: state.status, ...facts } }], at);
    return true;
  });

const FINISH = `
update kiln.profiles set state = $2::jsonb, raw = decode($3::text, 'base64'), updated_at = $4::timestamptz
where candidate_id = $1 and status = 'waiting'
returning candidate_id as id`;

interface Row extends Omit<Profile, 'askedAt' | 'updatedAt'> {
  readonly askedAt: Date;
  readonly updatedAt: Date;
}

export const readProfile = async (sql: SqlSession, id: CandidateId): Promise<Profile | null> => {
  const [row] = await sql.query<Row>(
    `select candidate_id as "candidateId", state, asked_at as "askedAt", updated_at as "updatedAt"
     from kiln.profiles where candidate_id = $1`,
    [id],
  );
  return row ? { ...row, askedAt: row.askedAt.toISOString(), updatedAt: row.updatedAt.toISOString() } : null;
};

/** Base64 on the way: PGlite decodes bytea digit by digit in JavaScript. */
export const readProfileReport = async (sql: SqlSession, id: CandidateId): Promise<Uint8Array | null> => {
  const [row] = await sql.query<{ raw: string | null }>(
    `select encode(raw, 'base64') as raw from kiln.profiles where candidate_id = $1`,
    [id],
  );
  return row?.raw ? Buffer.from(row.raw, 'base64') : null;
};

export const readWaitingProfiles = async (sql: SqlSession, limit: number): Promise<readonly CandidateId[]> => {
  const rows = await sql.query<{ id: CandidateId }>(
    `select candidate_id as id from kiln.profiles where status = 'waiting' order by asked_at, candidate_id limit $1::integer`,
    [limit],
  );
  return rows.map(({ id }) => id);
};
