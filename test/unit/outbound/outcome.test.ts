import { describe, expect, it } from '@jest/globals'
import type { OutboundError, OutboundResponse } from '../../../src/outbound/outbound.ts'
import { createOutcome } from '../../../src/outbound/outcome.ts'

const RESPONSE: OutboundResponse = {
  status: 200,
  headers: new Map(),
  body: '',
  requestedAt: 0,
  receivedAt: 0,
}

/** An outcome, how it settled, and what undici was told to break off. */
function bench() {
  const deadline = new AbortController()
  const settled: string[] = []
  const aborted: string[] = []
  const outcome = createOutcome(
    deadline.signal,
    ({ status }) => settled.push(`${status}`),
    ({ reason, sent }: OutboundError) => settled.push(`${reason}, ${sent ? 'sent' : 'not sent'}`),
  )
  /** Undici is about to write: the handle it gives out at that moment. */
  const begin = (name: string): void =>
    outcome.start({
      aborted: false,
      paused: false,
      reason: null,
      pause: () => {},
      resume: () => {},
      abort: () => aborted.push(name),
    })
  return { deadline, outcome, settled, aborted, begin }
}

describe('an outcome', () => {
  it('lets nothing be written once nobody waits', () => {
    const { deadline, settled, aborted, begin } = bench()

    deadline.abort()
    begin('late')

    expect(settled).toEqual(['timeout, not sent'])
    expect(aborted).toEqual(['late'])
  })

  it('lets nothing be written a second time', () => {
    const { outcome, settled, aborted, begin } = bench()

    begin('first')
    begin('again')
    outcome.fail('unreachable')

    expect(settled).toEqual(['unreachable, sent'])
    expect(aborted).toEqual(['again', 'first'])
  })

  it('breaks the request off when it fails or runs out of time', () => {
    const failing = bench()
    failing.begin('running')
    failing.outcome.fail('too_large')
    const late = bench()
    late.begin('running')
    late.deadline.abort()

    expect([failing.settled, failing.aborted]).toEqual([['too_large, sent'], ['running']])
    expect([late.settled, late.aborted]).toEqual([['timeout, sent'], ['running']])
  })

  it('is settled once', () => {
    const { deadline, outcome, settled, aborted, begin } = bench()

    begin('running')
    outcome.succeed(RESPONSE)
    outcome.fail('unreachable')
    outcome.succeed(RESPONSE)
    deadline.abort()

    expect(settled).toEqual(['200'])
    expect(aborted).toEqual([])
  })

  it('begins with a timeout when the time is already over', () => {
    const settled: string[] = []

    createOutcome(
      AbortSignal.abort(),
      () => {},
      ({ reason }) => settled.push(reason),
    )

    expect(settled).toEqual(['timeout'])
  })
})
