import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'

/** What the bare handler opens with. */
export interface BareVault {
  /** 32 bytes of AES-256 key, base64. */
  readonly key: string
}

/** Stores one sealed answer per id for the bare handler: as long as ours, and its own key. */
export async function fillBareVault(
  redisUrl: string,
  ids: readonly string[],
  answer: string,
): Promise<BareVault> {
  const bytes = randomBytes(32)
  const key = createSecretKey(bytes)
  const redis = new Redis(redisUrl)
  for (let at = 0; at < ids.length; at += 500) {
    const pipeline = redis.pipeline()
    for (const id of ids.slice(at, at + 500)) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
      const sealed = [iv, cipher.update(answer), cipher.final(), cipher.getAuthTag()]
      pipeline.set(`bare:${id}`, Buffer.concat(sealed).toString('base64'))
    }
    await pipeline.exec()
  }
  await redis.quit()
  return { key: bytes.toString('base64') }
}
