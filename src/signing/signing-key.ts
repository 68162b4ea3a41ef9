import type { KeyPair } from './key-pair.ts'
import { createSigner, type Signer } from './signer.ts'

/** A key pair together with what signs with it, so that the two cannot be mixed up. */
export interface SigningKey {
  readonly pair: KeyPair
  readonly signer: Signer
}

/** Makes a key pair sign. */
export const createSigningKey = (pair: KeyPair): SigningKey => ({
  pair,
  signer: createSigner(pair),
})
