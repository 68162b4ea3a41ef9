/** Where a sealed text belongs. All of it is authenticated, so a text opens nowhere else. */
export interface FieldContext {
  /** Id of the binding inside the connection; `-` when the document has none. */
  readonly binding: string
  readonly field: string
  /** The token set's generation; 0 when the document has none. */
  readonly generation: number
}

/** A document's own data key, opened. Never stored, never printed. */
export interface DataKey {
  /** `v1.<iv>.<ciphertext and tag>`, AES-256-GCM, base64url parts. */
  seal(context: FieldContext, plaintext: string): string
  /** @throws ServiceError `record_unreadable` when the text was not sealed for this context. */
  open(context: FieldContext, sealed: string): string
}

/** Makes and opens data keys, each wrapped by a key of the ring and bound to its document's id. */
export interface Envelope {
  create(documentId: string): Promise<{ readonly wrapped: string; readonly dataKey: DataKey }>
  /** @throws ServiceError `record_unreadable` for an unknown `kid` or a failed tag. */
  open(documentId: string, wrapped: string): Promise<DataKey>
}

/**
 * Key-encryption keys: the port behind which a key management service can stand. What takes a key is
 * asynchronous; which keys there are is known from the start on.
 */
export interface KeyRing {
  /** Name of the key that wraps. */
  readonly activeKid: string
  /** Names of all keys that unwrap, the active one first. */
  kids(): readonly string[]
  /**
   * Wraps the 32 bytes of a data key with the active key. The caller wipes them.
   *
   * @param context - Id of the document, authenticated: the text unwraps for no other.
   * @returns `v1.<kid>.` and whatever the ring makes of it, so that anybody can see which key it needs.
   */
  wrap(dataKey: Uint8Array, context: string): Promise<string>
  /**
   * Returns the bytes, which the caller wipes.
   *
   * @throws ServiceError `record_unreadable` when it never will: an unknown `kid`, another context, a
   *   changed text. Anything else that is thrown means that there was no answer.
   */
  unwrap(wrapped: string, context: string): Promise<Uint8Array>
}
