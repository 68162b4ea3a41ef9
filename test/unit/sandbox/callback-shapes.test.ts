import { describe, expect, it } from '@jest/globals'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { cookieOf, decide, locationOf, openSignIn } from './support/samsung-account.ts'
import { REDIRECT_URI, startSandbox } from './support/sandbox.ts'

/** Reads the form of a page as a browser would send it. */
async function formOf(res: Response): Promise<{ action: string; fields: Record<string, string> }> {
  const page = await res.text()
  const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  const decodeEntities = (text = '') =>
    Object.entries(entities).reduce((left, [entity, sign]) => left.replaceAll(entity, sign), text)
  const inputs = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
  return {
    action: decodeEntities(/<form method="post" action="([^"]*)">/.exec(page)?.[1]),
    fields: Object.fromEntries(inputs.map(([, name, value]) => [name, decodeEntities(value)])),
  }
}

const hostOf = (sandbox: Sandbox): string => new URL(sandbox.url).host

describe('the callback as query', () => {
  it('carries code, state, both servers and the life of the code', async () => {
    const sandbox = await startSandbox()

    const { searchParams } = locationOf(await decide(sandbox, { allow: 'ada' }))

    expect(Object.fromEntries(searchParams)).toEqual({
      code: expect.any(String),
      state: 'state-1',
      auth_server_url: hostOf(sandbox),
      api_server_url: hostOf(sandbox),
      code_expires_in: '300',
    })
  })

  it('keeps the query of the registered redirect URI', async () => {
    const redirectUri = `${REDIRECT_URI}?tenant=1`
    const sandbox = await startSandbox({ settings: { redirectUris: [redirectUri] } })

    const { searchParams } = locationOf(
      await decide(sandbox, { redirect_uri: redirectUri, allow: 'ada' }),
    )

    expect(searchParams.get('tenant')).toBe('1')
    expect(searchParams.get('code')).not.toBeNull()
  })

  it('brings back a state with every sign as it was', async () => {
    const sandbox = await startSandbox()
    const state = `a+b/c=&"'<>% ü`

    const { searchParams } = locationOf(await decide(sandbox, { state, allow: 'ada' }))

    expect(searchParams.get('state')).toBe(state)
  })
})

describe('the callback as form', () => {
  it('posts the state and a code that is a JSON text', async () => {
    const sandbox = await startSandbox({ settings: { callbackShape: 'form_post' } })

    const res = await decide(sandbox, { allow: 'ada' })

    const { action, fields } = await formOf(res)
    expect(res.status).toBe(200)
    expect(action).toBe(REDIRECT_URI)
    expect(Object.keys(fields)).toEqual(['code', 'state'])
    expect(fields.state).toBe('state-1')
    expect(JSON.parse(fields.code ?? '')).toEqual({
      code: expect.any(String),
      scode: expect.any(String),
      inputEmailID: 'ada@fernhill.example',
      api_server_url: hostOf(sandbox),
      auth_server_url: hostOf(sandbox),
      closedAction: 'signInSuccess',
    })
  })

  it('sends itself by script and has a button for browsers without', async () => {
    const sandbox = await startSandbox({ settings: { callbackShape: 'form_post' } })

    const page = await (await decide(sandbox, { allow: 'ada' })).text()

    expect(page).toContain('document.forms[0].submit()')
    expect(page).toContain('<button>Continue</button>')
  })

  it('is also how a signed-in browser goes back', async () => {
    const sandbox = await startSandbox({ settings: { callbackShape: 'form_post' } })
    const cookie = cookieOf(await decide(sandbox, { allow: 'ada' }))

    const { fields } = await formOf(await openSignIn(sandbox, { state: 'state-2' }, cookie))

    expect(fields.state).toBe('state-2')
  })

  it('cannot be broken out of by a state', async () => {
    const sandbox = await startSandbox({ settings: { callbackShape: 'form_post' } })
    const state = '"><script>alert(1)</script>'

    const res = await decide(sandbox, { state, allow: 'ada' })

    const { fields } = await formOf(res.clone())
    expect(await res.text()).not.toContain('<script>alert')
    expect(fields.state).toBe(state)
  })
})

describe('the callback as JSON inside code', () => {
  it('has the state in the JSON only', async () => {
    const sandbox = await startSandbox({ settings: { callbackShape: 'json_code' } })

    const { searchParams } = locationOf(await decide(sandbox, { allow: 'ada' }))

    expect([...searchParams.keys()]).toEqual(['code'])
    expect(JSON.parse(searchParams.get('code') ?? '')).toEqual({
      code: expect.any(String),
      scode: expect.any(String),
      inputEmailID: 'ada@fernhill.example',
      api_server_url: hostOf(sandbox),
      auth_server_url: hostOf(sandbox),
      closedAction: 'signInSuccess',
      state: 'state-1',
    })
  })
})

describe('a denial', () => {
  it.each(['query', 'json_code'] as const)(
    'goes back as query when codes go as %s',
    async (shape) => {
      const sandbox = await startSandbox({ settings: { callbackShape: shape } })

      const { searchParams } = locationOf(await decide(sandbox, { deny: 'ben' }))

      expect(Object.fromEntries(searchParams)).toEqual({ error: 'access_denied', state: 'state-1' })
    },
  )

  it('goes back as form when codes do', async () => {
    const sandbox = await startSandbox({ settings: { callbackShape: 'form_post' } })

    const { fields } = await formOf(await decide(sandbox, { deny: 'ben' }))

    expect(fields).toEqual({ error: 'access_denied', state: 'state-1' })
  })

  it('can look like a window that was closed', async () => {
    const sandbox = await startSandbox({ settings: { denial: 'closed' } })

    const { searchParams } = locationOf(await decide(sandbox, { deny: 'ben' }))

    expect(Object.fromEntries(searchParams)).toEqual({
      close: 'true',
      closedAction: 'signInFailed',
      state: 'state-1',
    })
  })
})

describe('the servers in the callback', () => {
  it('can be made hostile', async () => {
    const sandbox = await startSandbox()
    sandbox.control({ authServerUrl: 'evil.example', apiServerUrl: 'evil.example:1/x' })

    const { searchParams } = locationOf(await decide(sandbox, { allow: 'ada' }))

    expect(searchParams.get('auth_server_url')).toBe('evil.example')
    expect(searchParams.get('api_server_url')).toBe('evil.example:1/x')
  })

  it('are the public host, without a scheme, when the sandbox is reached by another name', async () => {
    const sandbox = await startSandbox({ publicUrl: 'https://account.example:8443' })

    const { searchParams } = locationOf(await decide(sandbox, { allow: 'ada' }))

    expect(searchParams.get('auth_server_url')).toBe('account.example:8443')
  })
})
