import { describe, expect, test } from 'vitest';
import { scenarios } from '../../support/engine-scenario.ts';
import { passed } from '../../support/judgements.ts';

const { start } = scenarios();
const LEAVES = { reason: 'it drains: it is not in the fleet any more', shutdownRunner: true };

describe('a host that leaves the fleet', () => {
  test('under load finishes what runs there, gives the rest to others, and none of the others’ candidates moves', async () => {
    const scenario = await start({ a: 1, b: 1 });
    const [a, b] = [scenario.at('a'), scenario.at('b')];
    a.connect();
    await scenario.submit(1);
    await scenario.expect('a: compile 1');
    a.compiled(1);
    await scenario.expect('a: problem scale', 'a: judge 1.1 screen');
    a.begins(scenario.attempt(1, 1));
    await scenario.submit(2);
    await scenario.expect('a: compile 2');
    b.connect();
    await scenario.submit(3);
    await scenario.expect('b: compile 3');
    b.compiled(3);
    await scenario.expect('b: problem scale', 'b: judge 3.1 screen');
    b.begins(scenario.attempt(3, 1));

    const removed = scenario.control.remove(a.hostId, LEAVES);
    await scenario.expect('a: cancel compile 2', 'b: compile 2');
    expect(await scenario.kiln.why(scenario.id(1))).toMatchObject({ code: 'judging' });
    expect((await scenario.kiln.fleet()).hosts[0]?.reason).toBe(LEAVES.reason);
    scenario.judged(1, 1, passed(2), a);
    // To be confirmed, and that is not begun there any more.
    await scenario.expect('b: compile 1', 'a: ack 1.1');
    await removed;
    expect((await scenario.kiln.fleet()).hosts.map(({ name }) => name)).toEqual(['b']);
    scenario.judged(3, 1, passed(1), b);
    await scenario.skipTo('b: ack 3.1');
    expect(await scenario.history(3)).not.toContain('candidate.requeued');
  });

  test('and is away leaves at once', async () => {
    const scenario = await start({ a: 1, b: 1 });
    await scenario.submit(1);
    await scenario.control.remove(scenario.at('a').hostId, LEAVES);
    scenario.at('b').connect();
    await scenario.expect('b: compile 1');
    expect((await scenario.kiln.fleet()).hosts.map(({ name }) => name)).toEqual(['b']);
  });

  test('and comes back is a host like any other', async () => {
    const scenario = await start({ a: 1 });
    scenario.host.connect();
    await scenario.control.remove(scenario.host.hostId, LEAVES);
    await scenario.submit(1);
    const again = scenario.newHost('a', 1);
    await scenario.control.add(again);
    again.connect();
    await scenario.expect('a: compile 1');
    expect((await scenario.kiln.fleet()).hosts).toMatchObject([{ name: 'a', state: 'connected', reason: null }]);
  });

  test('other labels move nothing that they still allow', async () => {
    const scenario = await start({ a: 1 });
    scenario.host.connect();
    await scenario.submit(1);
    await scenario.submit(2, { labels: ['eu'] });
    await scenario.expect('a: compile 1');
    scenario.control.relabel(scenario.host.hostId, ['eu']);
    await scenario.expect('a: compile 2');
    expect((await scenario.kiln.fleet()).hosts[0]?.labels).toEqual(['eu']);
  });
});
