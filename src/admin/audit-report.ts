import type { AuditState } from '../audit/audit.ts'

/** The fields of a report about the trail. */
export const auditFields = ({ failing, waiting, lost }: AuditState): object => ({
  audit: { writable: !failing, waiting, lost },
})

/** The same in sentences. */
export const auditWarnings = ({ failing, waiting, lost }: AuditState): readonly string[] => [
  ...(failing ? [`the audit trail cannot be written; entries that wait: ${waiting}`] : []),
  ...(lost === 0 ? [] : [`audit entries that were lost since the start: ${lost}`]),
]
