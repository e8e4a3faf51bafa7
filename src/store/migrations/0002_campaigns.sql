-- Campaigns, and every time one asked a generator for a candidate.

create table kiln.campaigns (
  campaign_order bigint generated always as identity primary key,
  id text not null unique,
  -- CampaignSpec, as it was asked for.
  spec jsonb not null,
  status text not null,
  reason text,
  submitter text not null,
  ran_ms double precision not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint campaigns_status check (status in ('running', 'paused', 'finished', 'stopped'))
);

create table kiln.generations (
  campaign_id text not null references kiln.campaigns (id),
  number integer not null,
  agent integer not null,
  generator text not null,
  problem text not null,
  device text not null,
  move text not null,
  island integer not null,
  parents jsonb not null,
  idea text not null,
  usage jsonb not null,
  -- GenerationState. The draft is in it only while it is `answered`: afterwards the source is in its candidate's row.
  state jsonb not null,
  asked_at timestamptz not null,
  updated_at timestamptz not null,

  status text not null generated always as (state ->> 'status') stored,

  primary key (campaign_id, number),
  constraint generations_status check (status in ('asked', 'answered', 'submitted', 'judged', 'failed', 'lost'))
);

-- What a daemon that starts must settle.
create index generations_unsettled on kiln.generations (campaign_id) where status in ('asked', 'answered', 'submitted');
