import type { Audit } from '../audit/audit.ts'
import { KnoxError } from '../knox/kind.ts'
import { knoxFailure } from './failures.ts'
import { type Connection, currentBinding } from './record.ts'

/** What the audit trail is told of making Knox tokens. */
export interface MintRecord {
  /** @throws ServiceError `audit_unavailable` when a token that were made now could not be recorded. */
  begin(): void
  /** Resolves when it stands that this token was made. @throws ServiceError `audit_unavailable` */
  made(connection: Connection, tokenId: string): Promise<void>
  /** One exchange brought no token. */
  failed(connection: Connection, error: unknown): void
}

/** Creates the record of a minter. */
export function createMintRecord(
  audit: Pick<Audit, 'note' | 'record' | 'assertWritable'>,
): MintRecord {
  return {
    begin: audit.assertWritable,
    made: (connection, tokenId) => audit.record({ ...minting(connection), tokenId }),
    failed(connection, error) {
      const outcome = error instanceof KnoxError ? knoxFailure(error).code : 'internal_error'
      audit.note({ ...minting(connection), outcome })
    },
  }
}

const minting = (connection: Connection) =>
  ({
    event: 'token_minted',
    portalId: connection.portalId,
    programId: currentBinding(connection).program,
    connectionId: connection.id,
  }) as const
