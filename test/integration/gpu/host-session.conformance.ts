import { afterEach, describe, expect, test } from 'vitest';
import { ContentHash } from '../../../src/domain/ids.ts';
import type { HostSession } from '../../../src/domain/ports/host-session.ts';
import { Events } from '../../support/session-events.ts';
import { attemptOf, PROBLEM, taskOn, UNIT } from '../../support/simulated-work.ts';

/** A session whose runner has a GPU and answers whatever it is asked. */
export interface SessionRig {
  readonly session: HostSession;
  /** Its runner can be reached now. */
  readonly reach: () => void;
  readonly cut: () => void;
  readonly end: () => Promise<void>;
}

/** How long a judgement of the rig takes. */
export type Judging = 'short' | 'until cancelled';

const LEFT = { shutdownRunner: false };
const [FIRST, SECOND] = [attemptOf(1), attemptOf(2)];
const NOWHERE = ContentHash.parse('f'.repeat(64));

const expectAway = async (session: HostSession): Promise<void> => {
  expect([session.inventory, session.roundTripMs]).toEqual([null, null]);
  expect([session.ack([]), session.defineProblem(PROBLEM), session.compile('k', UNIT, 1)]).toEqual([false, false, false]);
  expect([session.retract([FIRST]), session.cancel(FIRST), session.refresh('r')]).toEqual([false, false, false]);
  await expect(session.openWork(AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: 'HOST_NOT_CONNECTED' });
};

/** What the engine expects of a host session: of the real one over ssh, and of the one that stands for it in the engine's tests. */
export const describeHostSession = (name: string, open: (judging: Judging) => Promise<SessionRig>): void => {
  describe(`${name}, as the engine uses it`, () => {
    const rigs: SessionRig[] = [];
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.end();
    });

    const opened = async (judging: Judging = 'short'): Promise<SessionRig> => {
      const rig = await open(judging);
      rigs.push(rig);
      return rig;
    };
    const connected = async (judging?: Judging) => {
      const rig = await opened(judging);
      const events = new Events();
      rig.session.start(events.push);
      rig.reach();
      return { ...rig, events, ...(await events.next('connected')) };
    };
    const compiled = async ({ session, events, hello }: Awaited<ReturnType<typeof connected>>) => {
      session.defineProblem(PROBLEM);
      session.compile('k1', UNIT, 10_000);
      const { compileId, result } = await events.frame('compiled');
      const [device] = hello.inventory.devices;
      if (result.status !== 'compiled' || !device) throw new Error(`not compiled: ${JSON.stringify(result)}`);
      expect(compileId).toBe('k1');
      return { artifact: result.artifact, deviceId: device.id };
    };

    test('sends nothing before its start, and never again after its end, which may come before a start', async () => {
      const { session } = await opened();
      await expectAway(session);
      await session.stop(LEFT);
      await session.stop(LEFT);
      const events = new Events();
      session.start(events.push);
      await expectAway(session);
      expect(events.untaken).toEqual([]);
    });

    test('says what its host has when it is connected, to who asked first', async () => {
      const { session, events, hello } = await connected();
      const others = new Events();
      session.start(others.push);
      expect(session.inventory).toEqual(hello.inventory);
      expect(session.ack([])).toBe(true);
      session.refresh('r1');
      expect(await events.frame('inventory')).toMatchObject({ refreshIds: ['r1'], failure: null });
      expect(others.untaken).toEqual([]);
    });

    test('judges what was compiled: it begins, and has one result', async () => {
      const host = await connected();
      const { artifact, deviceId } = await compiled(host);
      host.session.judge(taskOn(deviceId, { attemptId: FIRST, artifact }));
      expect(await host.events.frame('started')).toMatchObject({ attemptId: FIRST, deviceId });
      const { result } = await host.events.frame('result');
      expect(result).toMatchObject({ attemptId: FIRST, deviceId, outcome: { verdict: 'passed' }, infra: null });
    });

    test('gives back what has not begun, and ends what has', async () => {
      const host = await connected('until cancelled');
      const { artifact, deviceId } = await compiled(host);
      host.session.judge(taskOn(deviceId, { attemptId: FIRST, artifact }));
      await host.events.frame('started');
      host.session.judge(taskOn(deviceId, { attemptId: SECOND, artifact }));
      host.session.retract([SECOND]);
      expect(await host.events.frame('retracted')).toMatchObject({ attemptIds: [SECOND] });
      host.session.cancel(FIRST);
      expect((await host.events.frame('result')).result).toMatchObject({ attemptId: FIRST, outcome: { verdict: 'cancelled' } });
    });

    test('lends a device, and says of an artifact that it does not have it', async () => {
      const { session, events, hello } = await connected();
      session.lend('l1', hello.inventory.devices[0]?.id ?? ('none' as never));
      expect(await events.frame('lent')).toMatchObject({ lendId: 'l1', failure: null });
      expect(session.giveBack('l1')).toBe(true);
      session.fetchArtifact(NOWHERE);
      expect(await events.frame('artifact')).toMatchObject({ artifact: NOWHERE, failure: { code: 'unknown_artifact' } });
    });

    test('says once that the connection is lost, sends nothing then, and is connected again to the same runner', async () => {
      const { session, events, hello, cut, reach } = await connected();
      cut();
      const { reason, retryAtMs } = await events.after('lost');
      expect([reason.length > 0, retryAtMs === null || retryAtMs > 0]).toEqual([true, true]);
      await expectAway(session);
      reach();
      expect((await events.next('connected')).hello.runnerId).toBe(hello.runnerId);
      expect(session.ack([])).toBe(true);
      await session.stop(LEFT);
      expect(events.untaken.filter((type) => type !== 'frame')).toEqual([]);
    });
  });
};
