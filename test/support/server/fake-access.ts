/** Tokens and the audit list in memory. */
import type { AuditEntry } from '../../../src/domain/access/audit.ts';
import type { TokenRecord } from '../../../src/domain/access/token.ts';
import type { AuditStore, TokenStore } from '../../../src/domain/ports/access.ts';

export const createFakeAccess = (): TokenStore & AuditStore => {
  const tokens = new Map<string, TokenRecord>();
  const entries: AuditEntry[] = [];
  return {
    addToken: async (token) => void tokens.set(token.id, token),
    tokens: async () => [...tokens.values()].toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1)),
    revokeToken: async (id, at) => {
      const token = tokens.get(id);
      if (token === undefined) return null;
      const { secretHash, ...told } = { ...token, revokedAt: token.revokedAt ?? at };
      tokens.set(id, { ...told, secretHash });
      return told;
    },
    addAudit: async (entry) => {
      const sequence = entries.length + 1;
      entries.push({ ...entry, sequence });
      return sequence;
    },
    endAudit: async (sequence, status) => {
      const entry = entries[sequence - 1];
      if (entry) entries[sequence - 1] = { ...entry, status };
    },
    audit: async ({ before, limit, who, action }) =>
      entries
        .toReversed()
        .filter((entry) => before === null || entry.sequence < before)
        .filter((entry) => (who === undefined || entry.who === who) && (action === undefined || entry.action === action))
        .slice(0, limit),
  };
};
