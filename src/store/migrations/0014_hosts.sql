-- Hosts that were added while a daemon ran (src/fleet): AddedHost of domain/ports/fleet-control.ts.
create table kiln.hosts (
  name text primary key,
  -- As an entry of the fleet file. No secrets: keys are named by their paths.
  host jsonb not null,
  expires_at timestamptz
);
