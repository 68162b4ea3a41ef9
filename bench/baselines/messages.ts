/** What a bare handler is told before it listens. */
export interface BaselineOrder {
  readonly redisUrl: string
  /** 32 bytes of AES-256 key, base64. */
  readonly key: string
}
