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

/** Key-encryption keys. Async, so that a key management service can stand behind it. */
export interface KeyRing {
  readonly activeKid: string
  kids(): readonly string[]
  /** `v1.<kid>.<iv>.<ciphertext and tag>`; `context` is authenticated. */
  wrap(dataKey: Uint8Array, context: string): Promise<string>
  unwrap(wrapped: string, context: string): Promise<Uint8Array>
}
