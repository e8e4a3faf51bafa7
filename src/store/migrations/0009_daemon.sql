-- One row: the daemon that may write. Its epoch rises with every daemon that takes over; each write first locks the row by the epoch that its
-- daemon was given (src/store/daemon-lease.ts). Epoch is the key, so that renewing the lease does not wait for writes, and taking over does.
create table kiln.daemon (
  epoch bigint primary key,
  single boolean not null unique default true check (single),
  -- DaemonHolder; null before the first.
  holder jsonb,
  -- By this server's clock, so that the clocks of two daemons' machines need not agree. Null: given back.
  renewed_at timestamptz
);
insert into kiln.daemon (epoch) values (0);
