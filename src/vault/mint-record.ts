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

/** The same of tokens that serve all connections of a program. */
export interface ProgramMintRecord {
  /** @throws ServiceError `audit_unavailable` when a token that were made now could not be recorded. */
  begin(): void
  /** Resolves when it stands that this token was made. @throws ServiceError `audit_unavailable` */
  made(programId: string, tokenId: string): Promise<void>
  /** One exchange brought no token. */
  failed(programId: string, error: unknown): void
}

/** Creates the record of the tokens of programs. */
export function createProgramMintRecord(
  audit: Pick<Audit, 'note' | 'record' | 'assertWritable'>,
): ProgramMintRecord {
  return {
    begin: audit.assertWritable,
    made: (programId, tokenId) => audit.record({ event: 'token_minted', programId, tokenId }),
    failed: (programId, error) =>
      audit.note({ event: 'token_minted', programId, outcome: outcomeOf(error) }),
  }
}

const outcomeOf = (error: unknown) =>
  error instanceof KnoxError ? knoxFailure(error).code : 'internal_error'

/** Creates the record of a minter. */
export function createMintRecord(
  audit: Pick<Audit, 'note' | 'record' | 'assertWritable'>,
): MintRecord {
  return {
    begin: audit.assertWritable,
    made: (connection, tokenId) => audit.record({ ...minting(connection), tokenId }),
    failed: (connection, error) =>
      audit.note({ ...minting(connection), outcome: outcomeOf(error) }),
  }
}

const minting = (connection: Connection) =>
  ({
    event: 'token_minted',
    portalId: connection.portalId,
    programId: currentBinding(connection).program,
    connectionId: connection.id,
  }) as const
