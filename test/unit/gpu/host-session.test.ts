import { describe, expect, test } from 'vitest';
import { KilnError } from '../../../src/domain/errors.ts';
import { AttemptId } from '../../../src/domain/ids.ts';
import type { HostEvent } from '../../../src/domain/ports/host-session.ts';
import { UNSENT_BYTES_MAX } from '../../../src/gpu/runner-link.ts';
import { sessionRig } from '../../support/host-session-rig.ts';
import { type ManualClock, settled } from '../../support/manual-clock.ts';
import { helloOf, type ScriptedTransport } from '../../support/scripted-runner.ts';

const ATTEMPT = AttemptId.parse(`c-${'0'.repeat(32)}.1`);

describe('connecting', () => {
  test('says attach first, is connected on hello, pings at once and measures the round trip', async () => {
    const { transport, clock, events, session, start, connect } = sessionRig();
    await start();
    expect(transport.last.received).toEqual([{ type: 'attach', protocol: 1, daemonId: 'd1', leaseMs: 1000, idleExitMs: 2000 }]);
    expect([events, session.inventory, session.roundTripMs]).toEqual([[], null, null]);
    await connect();
    expect(events).toMatchObject([{ type: 'connected', hostId: 'box', hello: { runnerId: 'r1' } }]);
    expect(transport.last.received.at(-1)).toEqual({ type: 'ping', nonce: 1 });
    await clock.advance(7);
    transport.last.send({ type: 'pong', nonce: 1 });
    await settled();
    expect(session.roundTripMs).toBe(7);
    expect(session.inventory?.hostname).toBe('h');
    expect(events).toHaveLength(1);
  });

  test('knows the round trip roughly before the first pong: a far host must get enough work ahead at once', async () => {
    const { clock, session, start, connect } = sessionRig();
    await start();
    await clock.advance(81);
    await connect();
    expect(session.roundTripMs).toBe(81);
  });

  test('a runner that says no hello for ten seconds is given up and tried again', async () => {
    const { clock, events, transport, start } = sessionRig();
    await start();
    await clock.advance(9_999);
    expect(events).toEqual([]);
    await clock.advance(1);
    expect(events).toEqual([
      { type: 'lost', hostId: 'box', reason: 'the runner did not say hello within 10000 ms', retryAtMs: 1_011_000 },
    ]);
    await clock.advance(1000);
    expect(transport.ends).toHaveLength(2);
  });

  test('waits twice as long after each failure, up to a minute, and starts anew after a stable connection', async () => {
    const { clock, events, transport, start, connect } = sessionRig();
    transport.failures = Array.from({ length: 8 }, () => new KilnError('HOST_UNREACHABLE', 'connection refused'));
    await start();
    await clock.advance(183_000);
    const delays = events.map((event, index) =>
      event.type === 'lost' ? (event.retryAtMs ?? 0) - (index === 0 ? 1_000_000 : lastRetry(events, index)) : -1,
    );
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    await connect();
    await keepAlive(clock, transport, 3);
    transport.last.stream.destroy();
    await settled();
    const last = events.at(-1);
    expect(last?.type === 'lost' && (last.retryAtMs ?? 0) - clock.now()).toBe(1000);
  });

  test('a host that stays away is logged once', async () => {
    const { clock, transport, warnings, start } = sessionRig();
    transport.failures = Array.from({ length: 5 }, () => new KilnError('HOST_UNREACHABLE', 'connection refused'));
    await start();
    await clock.advance(20_000);
    expect(warnings).toEqual(['host not connected']);
  });

  test.each(['HOST_KEY_MISMATCH', 'HOST_AUTH_REFUSED', 'HOST_TOOL_MISSING'] as const)(
    '%s is refused and tried again after a minute',
    async (code) => {
      const { clock, events, transport, start } = sessionRig();
      transport.failures = [new KilnError(code, 'repair me')];
      await start();
      expect(events).toEqual([{ type: 'refused', hostId: 'box', reason: 'repair me', retryAtMs: 1_060_000 }]);
      await clock.advance(59_999);
      expect(transport.ends).toHaveLength(0);
      await clock.advance(1);
      expect(transport.ends).toHaveLength(1);
    },
  );

  test('the reason of a runner that refuses is what it said, not that it hung up', async () => {
    const { events, transport, start } = sessionRig();
    await start();
    transport.last.send({ type: 'error', code: 'protocol', message: 'protocol 1 is too old' });
    transport.last.stream.end();
    await settled();
    expect(events).toMatchObject([{ type: 'lost', reason: 'the runner refused (protocol): protocol 1 is too old' }]);
  });
});

const lastRetry = (events: readonly HostEvent[], index: number): number => {
  const before = events[index - 1];
  return before?.type === 'lost' ? (before.retryAtMs ?? 0) : 0;
};
const keepAlive = async (clock: ManualClock, transport: ScriptedTransport, pings: number): Promise<void> => {
  for (let ping = 0; ping < pings; ping += 1) {
    await clock.advance(5000);
    transport.last.send({ type: 'pong', nonce: 0 });
    await settled();
  }
};

describe('connected', () => {
  test('passes on frames and sends what the engine asks for', async () => {
    const { transport, events, session, start, connect } = sessionRig();
    await start();
    expect(session.ack([ATTEMPT])).toBe(false);
    await connect();
    expect([session.ack([ATTEMPT]), session.retract([ATTEMPT]), session.cancel(ATTEMPT), session.cancelCompile('x')]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    transport.last.send({ type: 'retracted', attemptIds: [ATTEMPT] });
    await settled();
    expect(transport.last.types).toEqual(['attach', 'ping', 'ack', 'retract', 'cancel', 'cancel_compile']);
    expect(events.at(-1)).toEqual({ type: 'frame', hostId: 'box', frame: { type: 'retracted', attemptIds: [ATTEMPT] } });
  });

  test('what is said in one turn goes out in one piece', async () => {
    const { transport, session, start, connect } = sessionRig();
    await start();
    await connect();
    let pieces = 0;
    transport.last.stream.on('data', () => (pieces += 1));
    for (let index = 0; index < 10; index++) session.cancelCompile(`k${index}`);
    await settled();
    expect([transport.last.received.length, pieces]).toEqual([12, 1]);
  });

  test('a connection that says nothing for fifteen seconds is dead', async () => {
    const { clock, events, transport, session, start, connect } = sessionRig();
    await start();
    await connect();
    await keepAlive(clock, transport, 4);
    expect(events).toHaveLength(1);
    await clock.advance(14_999);
    expect(events).toHaveLength(1);
    await clock.advance(1);
    expect(events.at(-1)).toMatchObject({ type: 'lost', reason: 'nothing heard for 15000 ms; the connection is dead' });
    expect([session.inventory, session.ack([ATTEMPT])]).toEqual([null, false]);
  });

  test.each([
    ['says hello', async () => Promise.resolve()],
    ['is connected', async (rig: ReturnType<typeof sessionRig>) => rig.connect()],
  ])(
    'a daemon that stood still for minutes reads what was said meanwhile before it gives up a host that %s',
    async (_what, begin) => {
      const rig = sessionRig();
      await rig.start();
      await begin(rig);
      await rig.clock.advance(500);
      rig.clock.stall(300_000);
      await rig.clock.advance(0);
      expect(rig.events.filter(({ type }) => type === 'lost')).toEqual([]);
      await rig.clock.advance(15_000);
      expect(rig.events.at(-1)).toMatchObject({ type: 'lost' });
    },
  );

  test.each([
    ['an unknown type', { type: 'surprise' }],
    ['a missing field', { type: 'pong' }],
    ['a field too many', { type: 'pong', nonce: 1, more: true }],
    ['a second hello', helloOf()],
  ])('%s drops the connection', async (_name, frame) => {
    const { clock, events, transport, start, connect, types } = sessionRig();
    await start();
    await connect();
    transport.last.sendTogether(frame, { type: 'retracted', attemptIds: [] });
    await settled();
    expect(types()).toEqual(['connected', 'lost']);
    expect(clock.pending).toBe(1);
    expect(events.at(-1)).toMatchObject({ reason: expect.stringMatching(/does not parse|hello twice/) as string });
  });

  test('a host that takes nothing off the wire is dropped before it costs memory', async () => {
    const { events, transport, session, start, connect } = sessionRig();
    await start();
    await connect();
    transport.last.stream.pause();
    const unit = {
      language: 'c' as const,
      source: 'x'.repeat(4 * 1024 * 1024),
      params: {},
      architecture: 'native',
      kernels: [],
      numWarps: null,
      numStages: null,
    };
    const wouldFill = Math.ceil(UNSENT_BYTES_MAX / unit.source.length) + 4;
    const sent = Array.from({ length: wouldFill }, (_, index) => session.compile(`k${index}`, unit, 1));
    await settled();
    expect(sent.filter(Boolean).length).toBeLessThanOrEqual(UNSENT_BYTES_MAX / unit.source.length);
    expect(events.at(-1)).toMatchObject({ type: 'lost', reason: expect.stringContaining('wait to be sent') as string });
  });

  test('the connection lost and back: one lost, then connected again', async () => {
    const { clock, transport, types, start, connect } = sessionRig();
    await start();
    await connect();
    transport.last.stream.destroy();
    await settled();
    await clock.advance(1000);
    await connect();
    expect(types()).toEqual(['connected', 'lost', 'connected']);
  });
});

describe('stopping', () => {
  test('leaves the runner, closes the transport, emits nothing more, cancels every timer', async () => {
    const { clock, transport, session, types, start, connect } = sessionRig();
    await start();
    await connect();
    await Promise.all([session.stop({ shutdownRunner: false }), session.stop({ shutdownRunner: false })]);
    await settled();
    expect([transport.closed, transport.runnersStopped, clock.pending]).toEqual([1, 0, 0]);
    expect(transport.last.types).not.toContain('shutdown');
    expect(types()).toEqual(['connected']);
    expect(session.ack([ATTEMPT])).toBe(false);
  });

  test('with shutdownRunner says so, waits for the hang-up and makes sure', async () => {
    const { clock, transport, session, start, connect } = sessionRig();
    await start();
    await connect();
    const stopped = session.stop({ shutdownRunner: true });
    await settled();
    expect(transport.last.types.at(-1)).toBe('shutdown');
    expect(transport.closed).toBe(0);
    transport.last.stream.end();
    await stopped;
    expect([transport.runnersStopped, transport.closed, clock.pending]).toEqual([1, 1, 0]);
  });

  test('what was sent before stop still arrives', async () => {
    const { transport, session, start, connect } = sessionRig();
    await start();
    await connect();
    session.ack([ATTEMPT]);
    await session.stop({ shutdownRunner: false });
    expect(transport.last.types.at(-1)).toBe('ack');
    expect(transport.last.stream.readableEnded).toBe(true);
  });

  test('a runner that ignores shutdown is waited for five seconds', async () => {
    const { clock, transport, session, start, connect } = sessionRig();
    await start();
    await connect();
    const stopped = session.stop({ shutdownRunner: true });
    await clock.advance(5000);
    await stopped;
    expect(transport.closed).toBe(1);
  });

  test('before start, while connecting and while waiting is fine', async () => {
    const early = sessionRig();
    await early.session.stop({ shutdownRunner: true });
    await early.start();
    expect([early.transport.ends.length, early.transport.runnersStopped]).toEqual([0, 0]);

    const connecting = sessionRig();
    await connecting.start();
    await connecting.session.stop({ shutdownRunner: false });
    expect([connecting.clock.pending, connecting.events]).toEqual([0, []]);

    const waiting = sessionRig();
    waiting.transport.failures = [new KilnError('HOST_UNREACHABLE', 'x')];
    await waiting.start();
    await waiting.session.stop({ shutdownRunner: false });
    await waiting.clock.advance(100_000);
    expect([waiting.transport.ends.length, waiting.clock.pending]).toEqual([0, 0]);
  });
});
