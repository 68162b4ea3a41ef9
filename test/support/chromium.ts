import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

export interface ChromiumOptions {
  /** Host names that exist. */
  readonly hosts: readonly string[]
  /** Loopback port that they lead to. */
  readonly port: number
  /** The one key whose certificates are believed: SHA-256 of its public key, base64. */
  readonly pin: string
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Starts a Chromium for which the internet is a few hosts on one port of this machine. To it they are
 * different sites, each with cookies of its own, which ports of one host would not be.
 *
 * @throws Error when no Chromium is installed.
 */
export function launchChromium({ hosts, port, pin }: ChromiumOptions): Promise<Browser> {
  const known = hosts.map((host) => `MAP ${host} 127.0.0.1:${port}`)
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      ...ARGS,
      `--host-resolver-rules=${[...known, 'MAP * ~NOTFOUND'].join(',')}`,
      `--ignore-certificate-errors-spki-list=${pin}`,
    ],
  })
}

/** `CHROMIUM_PATH`, or what the package managers call it. */
function findChromium(): string {
  const { CHROMIUM_PATH, PATH = '' } = process.env
  if (CHROMIUM_PATH) return CHROMIUM_PATH
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const places = PATH.split(delimiter).flatMap((directory) =>
    names.map((name) => join(directory, name)),
  )
  const found = places.find(isExecutable)
  if (found === undefined) throw new Error('no Chromium on the PATH; set CHROMIUM_PATH to its path')
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
