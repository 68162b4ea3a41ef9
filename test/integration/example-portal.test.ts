import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { card, notice, page } from '../../examples/portal/pages.ts'
import { createBrowserWalk } from '../../scripts/demo/browser-walk.ts'
import { textOf } from '../../scripts/demo/expect.ts'
import { startPortalProcess } from '../../scripts/demo/portal-process.ts'
import { type Demo, startDemo } from '../../scripts/demo/start.ts'
import { createHttpBrowser } from '../../scripts/stack/http-browser.ts'
import { freePort } from '../../scripts/stack/service-process.ts'

const FOLDER = join(import.meta.dirname, '../../examples/portal')
const BUTTONS = '/customers/cust-1001'

let demo: Demo

beforeAll(async () => {
  demo = await startDemo(freePort)
})

afterAll(async () => {
  await demo.stop()
})

const connections = async () => (await demo.call('GET', '/v1/connections')).body.data

describe('the example portal', () => {
  it('has fewer than 150 lines and needs nothing but express', () => {
    const sources = readdirSync(FOLDER)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(FOLDER, name), 'utf8'))

    const lines = sources.join('').split('\n').length - 1
    const imports = sources.flatMap((source) => source.match(/(?<=from ')[^'.][^']*/g) ?? [])

    expect(lines).toBeLessThan(150)
    expect(imports.filter((name) => !name.startsWith('node:'))).toEqual(['express'])
  })

  it('lets nobody finish a connection that somebody else began', async () => {
    const attacker = createBrowserWalk(demo)
    const consentPage = await attacker.open(await attacker.startConnecting())
    const returnUrl = await attacker.allow(consentPage)

    const shown = await createBrowserWalk(demo).open(returnUrl)

    expect(textOf(shown)).toContain('You did not start this sign-in here')
    expect(await connections()).toEqual([])
  })

  it('says kindly that the customer said no', async () => {
    const browser = createHttpBrowser()
    const connect = `${BUTTONS}/connect`
    const isConsent = (url: string) => url.startsWith(`${demo.publicUrl}/connect/`)
    const sent = await browser.submit(await browser.open(demo.portal.url), connect, isConsent)
    const consentPage = await browser.open(sent.url)

    const cancelled = await browser.press(consentPage, { name: 'action', value: 'cancel' })
    const shown = await browser.follow(cancelled)

    expect(textOf(shown)).toContain('Not connected. Nothing was shared or changed.')
  })

  it.each(['connect', 'verify', 'disconnect'])(
    'does not %s for a form of another site',
    async (action) => {
      const response = await fetch(`${demo.portal.url}${BUTTONS}/${action}`, {
        method: 'POST',
        redirect: 'manual',
      })

      expect(response.status).toBe(303)
      expect(response.headers.get('location')).toBe('/')
    },
  )

  it('connects, survives a reload of the return page, lists, verifies and disconnects', async () => {
    const browser = createBrowserWalk(demo)
    const consentPage = await browser.open(await browser.startConnecting())
    const returnUrl = await browser.allow(consentPage)

    const shown = [
      await browser.open(returnUrl),
      await browser.open(returnUrl),
      await browser.press('profiles'),
      await browser.press('verify'),
      await browser.press('disconnect'),
      await browser.openHome(),
    ].map(textOf)

    expect(shown).toEqual([
      expect.stringContaining('Connected by ada@fernhill.example.'),
      expect.stringContaining('Connected by ada@fernhill.example.'),
      expect.stringContaining('3 profiles: Drivers, Warehouse scanners, Dispatch tablets'),
      expect.stringContaining('Knox answers'),
      expect.stringContaining('Disconnected.'),
      expect.stringContaining('Fernhill Logistics not connected'),
    ])
    expect(await connections()).toEqual([])
  })

  it('shows text from outside as text', () => {
    const hostile = `"><script>'&</script>`

    const made = page(
      card({ ref: hostile, name: hostile }, hostile, hostile),
      notice('bad', hostile),
    )

    expect(made).not.toContain('<script')
    expect(textOf({ url: '', status: 200, hops: [], html: made })).toContain(hostile)
  })

  it('says that it is its own fault when knoxgate refuses its key', async () => {
    const other = await startPortalProcess({
      knoxgateUrl: demo.publicUrl,
      apiKey: 'kg_wrong',
      program: demo.stack.programId,
      port: await freePort(),
    })

    const shown = await createHttpBrowser().open(other.url)
    await other.stop()

    expect(shown.status).toBe(401)
    expect(textOf(shown)).toContain('Something is wrong on our side')
    expect(other.output()).toContain("code: 'invalid_api_key'")
  })
})
