import type { KeyObject } from 'node:crypto'

/** The two halves of a `keys.json`, checked to belong together. */
export interface KeyPair {
  readonly privateKey: KeyObject
  /** The public key for the wire, base64 without line breaks: SPKI DER, whatever the file held. */
  readonly publicKeySpki: string
  /** The public half as it stands in the file, whitespace and armour removed. */
  readonly publicKeyVerbatim: string
  readonly modulusBits: number
  /** RFC 7638 JWK thumbprint, SHA-256, base64url. */
  readonly thumbprint: string
}
