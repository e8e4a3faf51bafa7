/** Endpoints that change the fleet, once: the server's routes and the client's methods both read these records. */
import { z } from 'zod';
import { HostId } from '../ids.ts';
import { FAILURES } from './errors.ts';
import { AddHost, FleetPlan, HostAdded, HostRemoved } from './fleet-control.ts';

export const fleetControlContract = {
  plan: {
    method: 'GET',
    url: '/v1/fleet/plan',
    schema: {
      operationId: 'planFleet',
      tags: ['fleet'],
      summary: 'What the fleet file, as it is now, would change; nothing is changed',
      response: { 200: FleetPlan, ...FAILURES },
    },
  },
  reload: {
    method: 'POST',
    url: '/v1/fleet/reload',
    schema: {
      operationId: 'reloadFleet',
      tags: ['fleet'],
      summary: 'Reads the fleet file again and applies what changed; a file that is wrong changes nothing',
      response: { 200: FleetPlan, ...FAILURES },
    },
  },
  add: {
    method: 'POST',
    url: '/v1/fleet/hosts',
    schema: {
      operationId: 'addHost',
      tags: ['fleet'],
      summary: 'Adds a host by ssh, until it expires or is removed, over restarts too',
      body: AddHost,
      response: { 200: HostAdded, ...FAILURES },
    },
  },
  remove: {
    method: 'DELETE',
    url: '/v1/fleet/hosts/:host',
    schema: {
      operationId: 'removeHost',
      tags: ['fleet'],
      summary: 'Removes a host that was added: it finishes what it has, and then leaves',
      params: z.strictObject({ host: HostId }),
      response: { 200: HostRemoved, ...FAILURES },
    },
  },
} as const;
