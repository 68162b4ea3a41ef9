import { ACCOUNTS, ORGANISATIONS } from '../accounts.ts'
import type { Sandbox } from '../sandbox.ts'
import { endpointUrls } from '../urls.ts'
import { expectedBy, portalEntry, programEntry } from './config-entries.ts'
import { controlLines, environmentLines } from './shell-lines.ts'

/**
 * Says everything a portal developer has to know after the start, ready to be copied.
 *
 * @param keysPath - Absolute path of `keys.json`.
 */
export function setupText(sandbox: Sandbox, keysPath: string): string {
  const { redirectUris } = sandbox.state.settings
  const expected = expectedBy(redirectUris[0])
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['1. config/programs.json', [pretty([programEntry(sandbox, expected.programId, keysPath)])]],
    [
      '2. config/portals.json (the API key follows in step 4)',
      [pretty([portalEntry(expected.programId)])],
    ],
    ['3. The environment of knoxgate', environmentLines(sandbox, expected)],
    [
      '4. In that environment: make an API key, and put its "entry" into api_keys of step 2',
      ['npm run --silent knoxgate -- api-key create --portal sandbox-portal'],
    ],
    ['Addresses', Object.entries(endpointUrls(sandbox)).map(([name, url]) => row(name, url))],
    ['Redirect URIs (SANDBOX_REDIRECT_URIS, separated by commas)', redirectUris],
    ['Administrators who can sign in', Object.values(ACCOUNTS).map(person)],
    ['Controls (explained in docs/sandbox.md)', controlLines(sandbox.url)],
  ]
  return [
    `Sandbox — not Samsung. Open ${sandbox.url} in a browser; stop with Ctrl-C.`,
    ...sections.map(([title, lines]) => `\n${title}\n\n${lines.join('\n')}`),
    '',
  ].join('\n')
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

const row = (name: string, value: string): string => `${name.padEnd(18)} ${value}`

const person = ({ id, name, email, organisation }: (typeof ACCOUNTS)['ada']): string =>
  row(id, `${name}, ${email}, ${ORGANISATIONS[organisation].name} (trust: ${organisation})`)
