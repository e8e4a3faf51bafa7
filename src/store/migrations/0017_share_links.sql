-- Links that open one page of the dashboard to whoever has them (src/server/sharing). Only the digest of a link's secret is kept.
create table kiln.share_links (
  id text primary key,
  secret_hash text not null,
  page text not null,
  note text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
