/** Endpoints of hosts and devices. */
import { z } from 'zod';
import { HostId } from '../ids.ts';
import { ActivityList, ActivityQuery } from './activity.ts';
import { LanesQuery, LanesView } from './lanes.ts';
import { FAILURES } from './errors.ts';
import { FleetView, HostResumed, HostsRefreshed } from './fleet.ts';

const HostParams = z.strictObject({ host: HostId });

export const fleetContract = {
  get: {
    method: 'GET',
    url: '/v1/fleet',
    schema: {
      operationId: 'getFleet',
      tags: ['fleet'],
      summary: 'Hosts and devices: state, inventory, what runs, how the time is used',
      response: { 200: FleetView, ...FAILURES },
    },
  },
  resume: {
    method: 'POST',
    url: '/v1/fleet/:host/resume',
    schema: {
      operationId: 'resumeHost',
      tags: ['fleet'],
      summary:
        'Takes the quarantined devices of a host, and its compiler, back to work, without a canary that passed; all that it compiled is compiled again',
      params: HostParams,
      response: { 200: HostResumed, ...FAILURES },
    },
  },
  refreshAll: {
    method: 'POST',
    url: '/v1/fleet/refresh',
    schema: {
      operationId: 'refreshFleet',
      tags: ['fleet'],
      summary: 'Has every host look again for its compilers, driver and devices; tells what changed',
      response: { 200: HostsRefreshed, ...FAILURES },
    },
  },
  refresh: {
    method: 'POST',
    url: '/v1/fleet/:host/refresh',
    schema: {
      operationId: 'refreshHost',
      tags: ['fleet'],
      summary: 'Has a host look again for its compilers, driver and devices; tells what changed',
      params: HostParams,
      response: { 200: HostsRefreshed, ...FAILURES },
    },
  },
  lanes: {
    method: 'GET',
    url: '/v1/lanes',
    schema: {
      operationId: 'getLanes',
      tags: ['fleet'],
      summary: 'What each device did over the last minutes, summed up in steps',
      querystring: LanesQuery,
      response: { 200: LanesView, ...FAILURES },
    },
  },
  activity: {
    method: 'GET',
    url: '/v1/activity',
    schema: {
      operationId: 'getActivity',
      tags: ['fleet'],
      summary: "Attempts that finished since a moment, with where the devices' time went",
      querystring: ActivityQuery,
      response: { 200: ActivityList, ...FAILURES },
    },
  },
} as const;
