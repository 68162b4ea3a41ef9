import { createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import express from 'express'
import { Redis } from 'ioredis'
import { answerOrder } from './answer-order.ts'

/*
 * The first yardstick: what somebody would write in an afternoon. It proves no caller, keeps
 * nothing and renews nothing: GET from Redis, AES-256-GCM, JSON.
 */

/** Opens `iv | ciphertext | tag` in base64. */
function open(key: KeyObject, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), {
    authTagLength: 16,
  })
  decipher.setAuthTag(bytes.subarray(-16))
  return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
}

answerOrder((order) => {
  const redis = new Redis(order.redisUrl)
  const key = createSecretKey(Buffer.from(order.key, 'base64'))
  const app = express()
  app.post('/v1/connections/:id/token', async (req, res) => {
    const sealed = await redis.get(`bare:${req.params.id}`)
    if (sealed === null) return void res.sendStatus(404)
    res.json(JSON.parse(open(key, sealed)))
  })
  return app
})
