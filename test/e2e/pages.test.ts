import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { createAssetRouter } from '../../src/http/assets.ts'
import { PAGE_MESSAGES, type PageCause } from '../../src/http/page-messages.ts'
import { createPages } from '../../src/http/pages.ts'
import { readRawBody } from '../../src/http/raw-body.ts'
import { pageSecurity, sameOrigin } from '../../src/http/security.ts'

const viewsDir = join(import.meta.dirname, '../../views')
const pages = createPages({ viewsDir })
const CAUSES = Object.keys(PAGE_MESSAGES) as PageCause[]
const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
}

const common = {
  supportId: '4bf9-2f35-77b3',
  portalName: 'Konsole der Vermögensverwaltungsgesellschaftsniederlassung',
  tenantName: '<b>Donaudampfschifffahrtselektrizitätenhauptbetriebswerk</b>',
}

const servers: Server[] = []
let browser: Browser
let url: string
let elsewhere: string
let arrivedAt: { headers: NodeJS.Dict<string | string[]>; url: string | undefined }[] = []

beforeAll(async () => {
  browser = await chromium.launch(CHROMIUM)
  elsewhere = await listen((req, res) => {
    arrivedAt.push({ headers: req.headers, url: req.url })
    res.setHeader('Content-Type', 'text/html').end('<h1>elsewhere</h1>')
  })
  const app = express().use(createAssetRouter({ viewsDir }), pageSecurity())
  url = await listen(app)
  app.get('/end/:cause', (req, res) => {
    const cause = CAUSES.find((known) => known === req.params.cause) ?? 'internal'
    res.send(pages.error({ ...common, cause, returnUrl: elsewhere }))
  })
  app.get('/connected', (_req, res) => {
    res.send(pages.connected({ ...common, partnerId: '1234567890', returnUrl: elsewhere }))
  })
  app.get('/connect', (_req, res) => {
    const region = 'eu'
    const abilities = ['See the devices of your organisation', 'Assign profiles to them']
    const form = { action: '/connect', csrfToken: 'token-1', accountChange: true }
    res.send(pages.confirm({ ...common, ...form, region, abilities, partnerId: '1234567890' }))
  })
  app.post('/connect', sameOrigin({ publicUrl: url }), async (req, res) => {
    const form = await readRawBody(req, 1024)
    const location = `${elsewhere}/signInGate?${form}&state=a%20b`
    res.send(pages.onTheWay({ supportId: common.supportId, location }))
  })
})

afterAll(async () => {
  await browser.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(app: RequestListener): Promise<string> {
  const server = createServer(app)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // The address of a listening TCP server is never a string or null.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function visit<T>(
  options: BrowserContextOptions,
  use: (page: Page) => Promise<T>,
): Promise<T> {
  arrivedAt = []
  const context = await browser.newContext(options)
  try {
    return await use(await context.newPage())
  } finally {
    await context.close()
  }
}

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } }
const PATHS = ['/connect', '/connected', ...CAUSES.map((cause) => `/end/${cause}`)]

describe.each(['phone', 'desktop'] as const)('on a %s', (size) => {
  it('every page fits the width, has one main heading and breaks no policy', async () => {
    const complaints: string[] = []
    await visit({ viewport: SIZES[size] }, async (page) => {
      page.on('console', (message) => complaints.push(message.text()))
      page.on('requestfailed', (request) => {
        // Leaving a page ends what it was still loading.
        if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(request.url())
      })
      for (const path of PATHS) {
        await page.goto(url + path)

        const width = await page.evaluate('document.documentElement.scrollWidth')
        const headings = await page.getByRole('heading', { level: 1 }).count()
        expect({ path, width, headings }).toEqual({ path, width: SIZES[size].width, headings: 1 })
      }
    })

    expect(complaints).toEqual([])
  })

  it('continue and cancel are large enough to be hit', async () => {
    await visit({ viewport: SIZES[size] }, async (page) => {
      await page.goto(`${url}/connect`)

      for (const name of ['Continue to Samsung', 'Cancel']) {
        const box = await page.getByRole('button', { name }).boundingBox()
        expect(box?.height).toBeGreaterThanOrEqual(44)
      }
    })
  })
})

describe('the way to Samsung', () => {
  it('needs neither script nor mouse, leaves no referrer and keeps the address', async () => {
    await visit({ javaScriptEnabled: false }, async (page) => {
      await page.goto(`${url}/connect`)
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.waitForURL(`${elsewhere}/**`)
    })

    const arrival = arrivedAt.find((request) => request.url?.startsWith('/signInGate'))
    expect(arrival?.url).toBe('/signInGate?csrf_token=token-1&action=continue&state=a%20b')
    expect(arrival?.headers.referer).toBeUndefined()
  })

  it('says cancel when cancel is pressed', async () => {
    await visit({}, async (page) => {
      await page.goto(`${url}/connect`)
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.waitForURL(/action=cancel/)
    })
  })
})

it('no page runs a script that somebody brings in', async () => {
  await visit({}, async (page) => {
    await page.goto(`${url}/connect`)

    await expect(page.addScriptTag({ content: 'document.title = "owned"' })).rejects.toThrow()

    expect(await page.title()).not.toBe('owned')
  })
})
