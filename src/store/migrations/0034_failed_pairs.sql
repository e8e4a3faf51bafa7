-- Pairs of record holders with challengers that came to nothing since the holder's last that was measured (src/engine/judging/failed-pairs.ts).
create table kiln.failed_pairs (
  holder text not null,
  challenger text not null,
  noted_order bigint generated always as identity,
  primary key (holder, challenger)
);
