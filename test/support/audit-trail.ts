import type { Redis } from 'ioredis'
import type { AuditEntry } from '../../src/audit/entry.ts'
import { AUDIT_KEY } from '../../src/audit/sink-redis.ts'

/** Everything that stands in the audit trail of a Redis now, oldest first. */
export async function auditTrail(db: Redis): Promise<readonly AuditEntry[]> {
  const stored = await db.xrange(AUDIT_KEY, '-', '+')
  return stored.map(([, [, text = '{}']]) => JSON.parse(text) as AuditEntry)
}
