import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRoster } from '../../../../../src/agents/run/state/roster.ts';
import type { Roster, RosterOptions } from '../../../../../src/agents/run/state/roster.ts';
import { candidateId } from '../../../../support/agents/generation-context.ts';

const options = (wish: Partial<RosterOptions>): RosterOptions => ({
  agents: 8,
  targets: 2,
  islands: 2,
  turns: 4,
  generators: [{ name: 'a', share: 1 }],
  ...wish,
});

/** Takes whoever is free, lane by lane as the roster says, until nobody is. */
const takeAll = (roster: Roster): readonly { readonly target: number; readonly generator: string; readonly agent: number }[] => {
  const taken: { target: number; generator: string; agent: number }[] = [];
  for (;;) {
    const next = roster.lanes().flatMap((lane) => {
      const agent = taken.length <= roster.agents.length ? roster.take(lane) : null;
      return agent ? [{ ...lane, agent: agent.index }] : [];
    });
    if (next.length === 0) return taken;
    taken.push(...next);
  }
};

describe('the roster of a campaign', () => {
  test('has every agent once, whatever the numbers of agents, targets, islands and generators', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 4 }),
        (agents, targets, islands, shares) => {
          const generators = shares.map((share, index) => ({ name: `g${index}`, share }));
          const roster = createRoster({ agents, targets, islands, turns: 4, generators });
          const taken = takeAll(roster);
          expect(taken.map(({ agent }) => agent).toSorted((a, b) => a - b)).toEqual(
            Array.from({ length: agents }, (_, index) => index),
          );
          expect(taken.every(({ agent, generator }) => roster.agents[agent]?.generator === generator)).toBe(true);
          expect(roster.agents.every(({ island }) => island < islands)).toBe(true);
        },
      ),
    );
  });

  test('gives every target the same agents, of every island and of generators by their shares', () => {
    const generators = [
      { name: 'a', share: 3 },
      { name: 'b', share: 1 },
    ];
    const roster = createRoster(options({ agents: 16, generators }));
    const taken = takeAll(roster);
    for (const target of [0, 1]) {
      const own = taken.filter((one) => one.target === target);
      expect(own).toHaveLength(8);
      expect(own.filter(({ generator }) => generator === 'a')).toHaveLength(6);
      expect(new Set(own.map(({ agent }) => roster.agents[agent]?.island)).size).toBe(2);
    }
  });

  test('lets an agent come back to its own target, behind those that waited longer', () => {
    const roster = createRoster(options({ agents: 4 }));
    const lane = { target: 1, generator: 'a' };
    const first = roster.take(lane);
    if (!first) throw new Error('nobody was free');
    roster.free(first);
    expect(roster.take({ target: 0, generator: 'a' })?.index).toBe(0);
    expect([roster.take(lane)?.index, roster.take(lane)?.index, roster.take(lane)]).toEqual([3, 1, null]);
  });

  test('passes over who waits for a verdict of its conversation, while there is somebody else', () => {
    const roster = createRoster(options({ agents: 4 }));
    const lane = { target: 1, generator: 'a' };
    roster.agents[1]?.conversation.onSubmitted(candidateId(1), 1);
    expect(roster.take(lane)?.index).toBe(3);
    expect(roster.lanes().map(({ target }) => target)).toEqual([0, 1]);
    // Nobody else is left: its turns are worth less than a device that idles.
    expect(roster.take(lane)?.index).toBe(1);
  });

  test('asks nobody before the verdict of its conversation where that is awaited', () => {
    const roster = createRoster(options({ agents: 4, awaitsVerdicts: true }));
    const lane = { target: 1, generator: 'a' };
    const [, waiting] = roster.agents;
    waiting?.conversation.onSubmitted(candidateId(1), 1);
    expect(roster.take(lane)?.index).toBe(3);
    expect(roster.take(lane)).toBe(null);
    waiting?.conversation.onVerdict({ candidateId: candidateId(1), verdict: 'passed', speedup: 1, move: 'new' });
    expect(roster.take(lane)?.index).toBe(1);
  });

  test('takes only whom the caller may take, and nobody whose question is on its way already', () => {
    const roster = createRoster(options({ agents: 6 }));
    const lane = { target: 1, generator: 'a' };
    expect(roster.take(lane, ({ index }) => index === 3)?.index).toBe(3);
    expect(roster.take(lane, ({ index }) => index === 3)).toBe(null);
    const [, first] = roster.agents;
    if (!first) throw new Error('there are six');
    expect([roster.occupy(first), roster.occupy(first)]).toEqual([true, false]);
    expect(roster.take(lane)?.index).toBe(5);
    roster.free(first);
    expect(roster.take(lane)?.index).toBe(1);
  });

  test('has the lanes come last where all wait for verdicts of their conversations, and then in turn', () => {
    const roster = createRoster(options({ agents: 3, targets: 3 }));
    const targets = () => roster.lanes().map(({ target }) => target);
    roster.agents[0]?.conversation.onSubmitted(candidateId(1), 0);
    expect(targets()).toEqual([1, 2, 0]);
    roster.agents[0]?.conversation.onVerdict({ candidateId: candidateId(1), verdict: 'passed', speedup: 1, move: 'new' });
    expect(targets()).toEqual([0, 1, 2]);
  });

  test('does not wait for the verdict of a last turn, nor where agents go round the targets', () => {
    const last = createRoster(options({ agents: 4, turns: 1 }));
    last.agents[1]?.conversation.onSubmitted(candidateId(1), 1);
    expect(last.take({ target: 1, generator: 'a' })?.index).toBe(1);
    const round = createRoster(options({ agents: 2, targets: 5 }));
    round.agents[0]?.conversation.onSubmitted(candidateId(1), 0);
    expect(round.take({ target: 1, generator: 'a' })?.index).toBe(0);
  });

  test('lets agents that roam take the targets in the order that it is told, each with any of them', () => {
    const roster = createRoster(options({ agents: 4, targets: 3, roams: () => null }));
    expect(roster.lanes([2, 0, 1]).map(({ target }) => target)).toEqual([2, 0, 1]);
    const lane = { target: 2, generator: 'a' };
    expect([1, 2, 3, 4].map(() => roster.take(lane)?.index)).toEqual([0, 1, 2, 3]);
  });

  test('keeps who roams with its target while its conversation lasts, and first for it', () => {
    let front = 1;
    const roster = createRoster(options({ agents: 2, targets: 2, roams: () => front }));
    const [lane, other] = [
      { target: 1, generator: 'a' },
      { target: 0, generator: 'a' },
    ];
    const [, talking] = roster.agents;
    talking?.conversation.onSubmitted(candidateId(1), 1);
    talking?.conversation.onVerdict({ candidateId: candidateId(1), verdict: 'passed', speedup: 1, move: 'new' });
    const first = roster.take(other);
    expect(first?.index).toBe(0);
    // Only who goes on elsewhere is left: this target comes last, but no device idles for it.
    expect(roster.lanes([0, 1]).map(({ target }) => target)).toEqual([1, 0]);
    if (first) roster.free(first);
    const again = roster.take(lane);
    expect(again?.index).toBe(1);
    if (again) roster.free(again);
    // The best of all is far ahead of it: it begins anew, anywhere.
    front = 2;
    expect([roster.take(other)?.index, roster.take(other)?.index]).toEqual([0, 1]);
  });

  test('sends fewer agents than targets round all of them', () => {
    const roster = createRoster(options({ agents: 2, targets: 5 }));
    const visited: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      const [lane] = roster.lanes();
      const agent = lane && roster.take(lane);
      if (!lane || !agent) throw new Error('nobody was free');
      visited.push(lane.target);
      roster.free(agent);
    }
    expect(visited).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  });
});
