-- Hosts and devices that take no work since somebody said so: Hold of domain/hosts/hold.ts.
create table kiln.holds (
  host_id text not null,
  -- Empty: the whole host.
  device_id text not null,
  hold jsonb not null,
  primary key (host_id, device_id)
);
