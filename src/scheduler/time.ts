import { disarm } from './deadlines.ts';
import { loseAttempt } from './failures.ts';
import { giveUpHost } from './hosts.ts';
import { finishUnconfirmed, wait } from './moves.ts';
import { TICK_STEALS_MAX } from './options.ts';
import { type CoreState, type Deadline, type Entry, type Pool, touch } from './state.ts';

/** Runs every deadline that has passed and lets idle hosts look for work elsewhere once more. */
export const onTick = (core: CoreState): void => {
  for (let due = core.deadlines.peek(); due && due.atMs <= core.nowMs; due = core.deadlines.peek()) expire(core, due);
  core.canaryDue = true;
  for (const state of core.classes.values()) lookAround(core, state.starved);
};

const expire = (core: CoreState, { subject }: Deadline): void => {
  if (subject.kind === 'entry') {
    disarm(core, subject.entry);
    return expireEntry(core, subject.entry);
  }
  disarm(core, subject.host);
  giveUpHost(core, subject.host);
};

const expireEntry = (core: CoreState, entry: Entry): void => {
  switch (entry.place.kind) {
    case 'backoff':
      return wait(core, entry);
    case 'judge':
      return loseAttempt(core, entry, `host ${entry.place.host.id} did not come back after the restart`);
    case 'pending':
    case 'compiling':
    case 'ready':
      return finishUnconfirmed(core, entry);
    case 'done':
      return;
  }
};

/** The class's loads change without events at an idle pool. */
const lookAround = (core: CoreState, starved: ReadonlySet<Pool>): void => {
  let looked = 0;
  for (const pool of starved) {
    if (looked === TICK_STEALS_MAX) return;
    looked += 1;
    touch(core, pool);
  }
};
