import type { Secret } from '../shared/secret.ts'
import type { SigningKey } from '../signing/signing-key.ts'

/** What one exchange is made with; all that is signed for it is signed with this key. */
export interface ExchangeCredentials {
  readonly clientIdentifier: Secret
  readonly key: SigningKey
}

/** What a program identifies itself and signs with. Both may change while it runs. */
export interface ProgramCredentials {
  /**
   * Makes an exchange. After a refusal that may be meant for the credentials it is made once more, if there
   * are others to make it with.
   *
   * @param attempt - One exchange. @throws KnoxError
   * @throws What the last attempt throws; of refusals of all credentials the one of those in use
   */
  exchange<T>(attempt: (credentials: ExchangeCredentials) => Promise<T>): Promise<T>
}
