-- Hosts and devices that take one submitter's candidates alone until a time: Booking of domain/hosts/booking.ts.
create table kiln.bookings (
  host_id text not null,
  -- Empty: the whole host.
  device_id text not null,
  until timestamptz not null,
  booking jsonb not null,
  primary key (host_id, device_id)
);
