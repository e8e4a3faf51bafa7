-- One row: the id that tells this store from every other. Queues remember whose jobs they hold by it.
create table kiln.identity (
  single boolean primary key default true check (single),
  id text not null
);
insert into kiln.identity (id) values ('store-' || replace(gen_random_uuid()::text, '-', ''));
