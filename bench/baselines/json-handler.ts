import express from 'express'
import { answerOrder } from './answer-order.ts'

/* The second yardstick: Express and a few bytes of JSON, and nothing else at all. */

answerOrder(() => {
  const app = express()
  app.post('/v1/connections/:id/token', (req, res) => {
    res.json({ id: req.params.id, status: 'active' })
  })
  return app
})
