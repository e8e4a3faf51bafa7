import { expect, test } from 'vitest';
import { createDeviceClasses } from '../../../../../src/agents/run/state/device-classes.ts';
import type { QueueView } from '../../../../../src/domain/api/queue.ts';

const queue = (slots: number): Pick<QueueView, 'byDevice'> => ({
  byDevice: [{ device: 'cpu', waiting: 0, running: 0, paused: 0, slots, blocked: null, etaSeconds: 0 }],
});

test('nobody thinks, and no device is said to be missing, until the queue was looked at', () => {
  const classes = createDeviceClasses(5);
  classes.open('cpu');
  expect(classes.allowed('cpu')).toEqual({
    thinkers: 0,
    heldSeconds: null,
    reason: 'the queue for cpu is looked at first, so nobody thinks yet',
  });
  classes.look(queue(1), classes.mark());
  expect(classes.allowed('cpu').thinkers).toBe(2);
  classes.look(queue(0), classes.mark());
  expect(classes.allowed('cpu')).toMatchObject({
    thinkers: 0,
    reason: expect.stringContaining('no device of the class cpu takes work') as string,
  });
});
