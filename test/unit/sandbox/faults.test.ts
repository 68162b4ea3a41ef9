import { request } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import type { FaultAction } from '../../../src/sandbox/control/faults.ts'
import type { Target } from '../../../src/sandbox/record.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { getKme, postAms } from './support/knox.ts'
import { obtainTokens, openSignIn, refresh } from './support/samsung-account.ts'
import { startSandbox } from './support/sandbox.ts'

const post = (sandbox: Sandbox, body: unknown) =>
  fetch(`${sandbox.localUrl}/__faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function ready(action: FaultAction, on: Target = 'token', times = 1) {
  const sandbox = await startSandbox()
  const { refresh_token: token } = await obtainTokens(sandbox)
  sandbox.addFault({ on, times, do: action })
  return { sandbox, token }
}

/** Whether the refresh token that was presented has been replaced by another. */
const wasSpent = (sandbox: Sandbox, token: string): boolean =>
  sandbox.state.refreshTokens.get(token)?.status === 'spent'

describe('a scripted fault', () => {
  it('delay waits, then acts and answers', async () => {
    const { sandbox, token } = await ready({ kind: 'delay', ms: 50 })
    const before = performance.now()

    const res = await refresh(sandbox, token)

    expect(res.status).toBe(200)
    expect(performance.now() - before).toBeGreaterThanOrEqual(49)
    expect(wasSpent(sandbox, token)).toBe(true)
  })

  it('status answers what it is told, without acting', async () => {
    const { sandbox, token } = await ready({
      kind: 'status',
      status: 503,
      body: { error: 'temporarily_unavailable' },
      headers: { 'Retry-After': '7' },
    })

    const res = await refresh(sandbox, token)

    expect(res.status).toBe(503)
    expect(res.headers.get('retry-after')).toBe('7')
    expect(await res.json()).toEqual({ error: 'temporarily_unavailable' })
    expect(wasSpent(sandbox, token)).toBe(false)
  })

  it.each([
    ['<html>oops</html>', '<html>oops</html>'],
    [undefined, ''],
    [null, 'null'],
  ])('status sends the body %j as %j', async (body, sent) => {
    const { sandbox, token } = await ready(
      body === undefined ? { kind: 'status', status: 500 } : { kind: 'status', status: 500, body },
    )

    const res = await refresh(sandbox, token)

    expect(await res.text()).toBe(sent)
  })

  it('reset closes the socket without acting', async () => {
    const { sandbox, token } = await ready({ kind: 'reset' })

    await expect(refresh(sandbox, token)).rejects.toThrow('fetch failed')

    expect(wasSpent(sandbox, token)).toBe(false)
  })

  it('reset_after_effect acts and closes the socket', async () => {
    const { sandbox, token } = await ready({ kind: 'reset_after_effect' })

    await expect(refresh(sandbox, token)).rejects.toThrow('fetch failed')

    expect(wasSpent(sandbox, token)).toBe(true)
  })

  it('half_body acts, promises the whole answer and cuts it', async () => {
    const { sandbox, token } = await ready({ kind: 'half_body' })

    const res = await refresh(sandbox, token)

    expect(res.status).toBe(200)
    expect(Number(res.headers.get('content-length'))).toBeGreaterThan(100)
    await expect(res.text()).rejects.toThrow('terminated')
    expect(wasSpent(sandbox, token)).toBe(true)
  })

  it('malformed acts and answers with something that is no JSON', async () => {
    const { sandbox, token } = await ready({ kind: 'malformed' })

    const res = await refresh(sandbox, token)

    expect(res.status).toBe(200)
    expect(res.headers.get('content-type')).toContain('application/json')
    await expect(res.json()).rejects.toMatchObject({ name: 'SyntaxError' })
    expect(wasSpent(sandbox, token)).toBe(true)
  })

  it('drip acts and sends the body byte by byte', async () => {
    const { sandbox, token } = await ready({ kind: 'drip', ms: 1 })
    const pieces: number[] = []

    const body = await new Promise<string>((resolve, reject) => {
      const { clientId, clientSecret } = sandbox.registration.client
      const sent = request(
        `${sandbox.localUrl}/auth/oauth2/token`,
        { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        (res) => {
          let text = ''
          res.on('data', (piece: Buffer) => {
            pieces.push(piece.length)
            text += piece.toString()
          })
          res.on('end', () => resolve(text))
        },
      )
      sent.on('error', reject)
      sent.end(
        `grant_type=refresh_token&client_id=${clientId}&client_secret=${clientSecret}&refresh_token=${token}`,
      )
    })

    expect(JSON.parse(body)).toMatchObject({ token_type: 'Bearer' })
    expect(pieces.length).toBeGreaterThan(10)
    expect(wasSpent(sandbox, token)).toBe(true)
  })

  it('code answers a code in the shape of the token endpoint', async () => {
    const { sandbox, token } = await ready({
      kind: 'code',
      code: 'AUT_1702',
      message: 'scripted',
      status: 400,
    })

    const res = await refresh(sandbox, token)

    expect(res.status).toBe(400)
    expect(await res.json()).toEqual({
      error: 'invalid_client',
      error_code: 'AUT_1702',
      error_description: 'scripted',
    })
    expect(wasSpent(sandbox, token)).toBe(false)
  })

  it('code answers a code in the shape of Knox', async () => {
    const { sandbox } = await ready(
      { kind: 'code', code: 5000000, message: 'INTERNAL_SERVER_ERROR', status: 500 },
      'ams',
    )
    sandbox.control({ codeShape: 'string' })

    const res = await postAms(sandbox, '{}')

    expect(res.status).toBe(500)
    expect(await res.json()).toMatchObject({ code: '5000000', message: 'INTERNAL_SERVER_ERROR' })
  })

  it('code answers the sign-in with a page', async () => {
    const { sandbox } = await ready(
      { kind: 'code', code: 'down', message: 'We are <away>.', status: 503 },
      'signin',
    )

    const res = await openSignIn(sandbox)

    expect(res.status).toBe(503)
    expect(await res.text()).toContain('We are &lt;away&gt;.')
  })
})

describe('a queue of faults', () => {
  it('is met in order, each as often as it says, and then is empty', async () => {
    const sandbox = await startSandbox()
    sandbox.addFault({ on: 'kme', times: 2, do: { kind: 'status', status: 500 } })
    sandbox.addFault({ on: 'kme', times: 1, do: { kind: 'status', status: 429 } })

    const answers = []
    for (let at = 0; at < 4; at += 1) answers.push((await getKme(sandbox, undefined)).status)

    expect(answers).toEqual([500, 500, 429, 401])
    expect(sandbox.state.faults).toEqual([])
  })

  it('leaves other targets alone', async () => {
    const sandbox = await startSandbox()
    await post(sandbox, { on: 'ams', do: { kind: 'status', status: 500 } })

    const [kme, ams] = [await getKme(sandbox, undefined), await postAms(sandbox, '{}')]

    expect([kme.status, ams.status]).toEqual([401, 500])
  })

  it('can be read and cleared', async () => {
    const sandbox = await startSandbox()
    const fault = { on: 'ams', times: 3, do: { kind: 'reset' } }

    const added = await (await post(sandbox, fault)).json()
    const read = await (await fetch(`${sandbox.localUrl}/__faults`)).json()
    const cleared = await fetch(`${sandbox.localUrl}/__faults`, { method: 'DELETE' })

    expect(added).toEqual({ pending: [fault] })
    expect(read).toEqual(added)
    expect(cleared.status).toBe(204)
    expect((await postAms(sandbox, '{}')).status).toBe(400)
  })

  it('is recorded with the kind, and with no status where no answer was complete', async () => {
    const { sandbox, token } = await ready({ kind: 'reset_after_effect' })
    sandbox.clearRecord()

    await expect(refresh(sandbox, token)).rejects.toThrow()

    expect(sandbox.record()).toMatchObject({
      spent: { refreshTokens: 1 },
      refused: { token: 0 },
      requests: [{ status: null, fault: 'reset_after_effect', grantType: 'refresh_token' }],
    })
  })

  it('does not count a scripted refusal as one of ours', async () => {
    const { sandbox, token } = await ready({ kind: 'code', code: 'x', message: 'x', status: 400 })

    await refresh(sandbox, token)

    expect(sandbox.record().refused.token).toBe(0)
  })
})

describe('POST /__faults', () => {
  it.each([
    [{ do: { kind: 'reset' } }, 'on is missing'],
    [{ on: 'token' }, 'do is missing'],
    [
      { on: 'tokens', do: { kind: 'reset' } },
      'on must be one of signin, token, ams, program, authorize, oauth_token, oauth_revoke, kme, kg, msp',
    ],
    [
      { on: 'ams', times: 0, do: { kind: 'reset' } },
      'times must be a whole number from 1 to 1000000',
    ],
    [
      { on: 'ams', time: 1, do: { kind: 'reset' } },
      'time is not a known field; the request may have: on, times, do',
    ],
    [{ on: 'ams', do: 'reset' }, 'do must be an object with a kind'],
    [
      { on: 'ams', do: {} },
      'do.kind must be one of delay, delay_after_effect, status, code, reset, reset_after_effect, headers_only, half_body, malformed, drip',
    ],
    [{ on: 'ams', do: { kind: 'reset', ms: 1 } }, 'do.ms is not a known field; do may have: kind'],
    [{ on: 'ams', do: { kind: 'delay' } }, 'do.ms is missing'],
    [{ on: 'ams', do: { kind: 'delay_after_effect' } }, 'do.ms is missing'],
    [{ on: 'ams', do: { kind: 'delay', ms: -1 } }, 'do.ms must be a whole number from 0 to 600000'],
    [{ on: 'ams', do: { kind: 'drip', ms: 0 } }, 'do.ms must be a whole number from 1 to 600000'],
    [
      { on: 'ams', do: { kind: 'status', status: 199 } },
      'do.status must be a whole number from 200 to 599',
    ],
    [
      { on: 'ams', do: { kind: 'status', status: 500, headers: { 'a b': 'c' } } },
      'do.headers must be an object of header names and texts',
    ],
    [
      { on: 'ams', do: { kind: 'status', status: 500, headers: { a: 'b\r\nc: d' } } },
      'do.headers must be an object of header names and texts',
    ],
    [{ on: 'ams', do: { kind: 'code', code: 1, status: 400 } }, 'do.message is missing'],
    [[], 'the request must be a JSON object'],
  ])('refuses %j', async (body, error) => {
    const sandbox = await startSandbox()

    const res = await post(sandbox, body)

    expect(res.status).toBe(400)
    expect(await res.json()).toEqual({ error })
    expect(sandbox.state.faults).toEqual([])
  })
})
