import type { RequestListener, Server } from 'node:http'

/**
 * Has requests with `Expect` handled like any other (RFC 9110 §10.1.1).
 *
 * Node would answer an expectation that it does not know with a bare 417, without our headers. And it
 * would write `100 Continue` to a request that came right behind another one after the head of its
 * answer, before the body: whoever reads the connection takes the end of that body for the next answer.
 * The sender of such a request has not waited before, and need not be told to go on.
 */
export function handleExpectations(server: Server, handle: RequestListener): void {
  server.on('checkContinue', (req, res) => {
    // Until all answers before it are out, an answer has no socket.
    if (res.socket !== null) res.writeContinue()
    handle(req, res)
  })
  server.on('checkExpectation', handle)
}
