/** What a caller may do. Each role may all that those before it may. Pure, and without zod: the dashboard asks it too. */

/** `read`: look. `submit`: send candidates, sweeps and campaigns, and steer its own. `admin`: all of it. */
export const ROLES = ['read', 'submit', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const mayAs = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);
