import { type RequestHandler, Router } from 'express'
import { type Incoming, readIncoming } from '../http/exchange.ts'
import type { State } from '../state.ts'
import type { Control } from './control.ts'
import { ControlError } from './rules.ts'

/** The routes by which tests and portal developers steer the sandbox. They want JSON. */
export function createControlRouter(state: State, control: Control): Router {
  const router = Router({ caseSensitive: true, strict: true })

  router.get('/__control', (_req, res) => {
    res.json(state.settings)
  })
  router.post(
    '/__control',
    // The control checks what it is given, whatever its declared type.
    takingJson((body) => control.control(body as Parameters<Control['control']>[0])),
  )
  router.get('/__faults', (_req, res) => {
    res.json({ pending: state.faults })
  })
  router.post(
    '/__faults',
    takingJson((body) => ({
      // As above.
      pending: control.addFault(body as Parameters<Control['addFault']>[0]),
    })),
  )
  router.delete('/__faults', (_req, res) => {
    control.clearFaults()
    res.status(204).end()
  })
  router.get('/__record', (_req, res) => {
    res.json(control.record())
  })
  router.delete('/__record', (_req, res) => {
    control.clearRecord()
    res.status(204).end()
  })

  return router
}

function takingJson(act: (body: unknown) => unknown): RequestHandler {
  return (req, res) => {
    try {
      res.json(act(readJson(readIncoming(req))))
    } catch (error) {
      if (!(error instanceof ControlError)) throw error
      res.status(400).json({ error: error.message })
    }
  }
}

/** A form or plain text is refused too: so no page in a browser can steer the sandbox by a form. */
function readJson({ contentType, body }: Incoming): unknown {
  if (contentType !== 'application/json') {
    throw new ControlError('send the header content-type: application/json')
  }
  try {
    return JSON.parse(body)
  } catch {
    throw new ControlError('the request must be a JSON object')
  }
}
