-- Tokens (src/server/callers). Only the digest of a token's secret is kept.
create table kiln.tokens (
  id text primary key,
  secret_hash text not null,
  name text not null,
  role text not null,
  submitter text,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
-- Who did what, when: AuditEntry of domain/access/audit.ts.
create table kiln.audit (
  sequence bigint generated always as identity primary key,
  at timestamptz not null,
  who text not null,
  role text not null,
  token_id text,
  says text,
  address text not null,
  action text not null,
  target text not null,
  detail jsonb not null,
  status integer
);
-- Who made a link: share links end with the token that made them.
alter table kiln.share_links add column token_id text, add column created_by text not null default 'operator';
