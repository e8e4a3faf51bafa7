-- In the word that everybody else has for it: a point whose verdict the strategy has heard is reported.
alter table kiln.sweep_points rename column told to reported;
alter index kiln.sweep_points_told rename to sweep_points_reported;
