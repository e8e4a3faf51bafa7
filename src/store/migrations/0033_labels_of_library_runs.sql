-- Runs of library programs are bound to a model by a label, of at most 64 characters. It was the beginning of a longer name; now such a one ends in 12 characters of
-- the name's hash (domain/hosts/host-label.ts), and no host has the label of before. Those that are done too: they may be queued again.
alter table kiln.candidates disable trigger candidates_keep_verdict;
update kiln.candidates set labels = (
  select jsonb_agg(case label when left(model, 64) then left(model, 51) || '-' || left(encode(sha256(convert_to(to_jsonb(model)::text, 'UTF8')), 'hex'), 12) else label end
    order by place)
  from jsonb_array_elements_text(labels) with ordinality as had (label, place), concat('model:', content #>> '{library,deviceModel}') as model)
where library_run is not null and length(concat('model:', content #>> '{library,deviceModel}')) > 64 and jsonb_array_length(labels) > 0;
alter table kiln.candidates enable trigger candidates_keep_verdict;
