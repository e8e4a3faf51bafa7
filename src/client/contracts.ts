/** The contracts of the API, each loaded when it is first called: a command of the CLI calls one or two, and to load all takes longer than to answer. */
export const access = async () => (await import('../domain/api/access-contract.ts')).accessContract;
export const campaigns = async () => (await import('../domain/api/campaigns-contract.ts')).campaignsContract;
export const candidates = async () => (await import('../domain/api/candidates-contract.ts')).candidatesContract;
export const events = async () => (await import('../domain/api/events-contract.ts')).eventsContract;
export const fleet = async () => (await import('../domain/api/fleet-contract.ts')).fleetContract;
export const fleetControl = async () => (await import('../domain/api/fleet-control-contract.ts')).fleetControlContract;
export const generators = async () => (await import('../domain/api/campaigns-contract.ts')).generatorsContract;
export const hosts = async () => (await import('../domain/api/hosts-contract.ts')).hostsContract;
export const operations = async () => (await import('../domain/api/operations-contract.ts')).operationsContract;
export const plan = async () => (await import('../domain/api/problems-contract.ts')).planContract;
export const problems = async () => (await import('../domain/api/problems-contract.ts')).problemsContract;
export const profiles = async () => (await import('../domain/api/profiles-contract.ts')).profilesContract;
export const queue = async () => (await import('../domain/api/queue-contract.ts')).queueContract;
export const shares = async () => (await import('../domain/api/shares-contract.ts')).sharesContract;
export const steering = async () => (await import('../domain/api/steering-contract.ts')).steeringContract;
export const submitters = async () => (await import('../domain/api/submitters-contract.ts')).submittersContract;
export const sweeps = async () => (await import('../domain/api/sweeps-contract.ts')).sweepsContract;
