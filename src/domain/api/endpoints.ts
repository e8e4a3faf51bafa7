/** Every endpoint of the API, by subject: what the OpenAPI document and the dashboard's calls are held to. */
import { accessContract } from './access-contract.ts';
import { campaignsContract, generatorsContract } from './campaigns-contract.ts';
import { candidatesContract } from './candidates-contract.ts';
import { eventsContract } from './events-contract.ts';
import { fleetControlContract } from './fleet-control-contract.ts';
import { fleetContract } from './fleet-contract.ts';
import { hostsContract } from './hosts-contract.ts';
import { operationsContract } from './operations-contract.ts';
import { planContract, problemsContract } from './problems-contract.ts';
import { profilesContract } from './profiles-contract.ts';
import { queueContract } from './queue-contract.ts';
import { sharesContract } from './shares-contract.ts';
import { steeringContract } from './steering-contract.ts';
import { submittersContract } from './submitters-contract.ts';
import { sweepsContract } from './sweeps-contract.ts';

export const ENDPOINTS = {
  access: accessContract,
  campaigns: campaignsContract,
  candidates: candidatesContract,
  events: eventsContract,
  fleet: fleetContract,
  fleetControl: fleetControlContract,
  generators: generatorsContract,
  hosts: hostsContract,
  operations: operationsContract,
  plan: planContract,
  problems: problemsContract,
  profiles: profilesContract,
  queue: queueContract,
  shares: sharesContract,
  steering: steeringContract,
  submitters: submittersContract,
  sweeps: sweepsContract,
} as const;
