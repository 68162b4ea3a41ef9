import { ACCOUNTS, ORGANISATIONS } from '../accounts.ts'
import type { Sandbox } from '../sandbox.ts'
import { endpointUrls, furtherUrls } from '../urls.ts'
import { expectedBy, portalEntry, programEntry } from './config-entries.ts'
import { furtherEntries } from './further-entries.ts'
import { controlLines, environmentLines } from './shell-lines.ts'
import type { FurtherKind } from './start-options.ts'

/**
 * Says everything a portal developer has to know after the start, ready to be copied.
 *
 * @param keysPath - Absolute path of `keys.json`.
 * @param kinds - Kinds whose programs, addresses and controls are told besides.
 */
export function setupText(
  sandbox: Sandbox,
  keysPath: string,
  kinds: readonly FurtherKind[] = [],
): string {
  const { redirectUris } = sandbox.state.settings
  const expected = expectedBy(redirectUris[0])
  const { programId } = expected
  const further = kinds.flatMap((kind) => furtherEntries(sandbox, programId, kind, keysPath))
  const programs = [programEntry(sandbox, programId, keysPath), ...further]
  const programIds = [programId, ...further.map(({ id }) => id)]
  const urls = { ...endpointUrls(sandbox), ...(kinds.length > 0 ? furtherUrls(sandbox) : {}) }
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['1. config/programs.json', [pretty(programs)]],
    [
      '2. config/portals.json (the API key follows in step 4)',
      [pretty([portalEntry(...programIds)])],
    ],
    ['3. The environment of knoxgate', environmentLines(sandbox, expected, kinds)],
    [
      '4. In that environment: make an API key, and put its "entry" into api_keys of step 2',
      ['npm run --silent knoxgate -- api-key create --portal sandbox-portal'],
    ],
    ['Addresses', Object.entries(urls).map(([name, url]) => row(name, url))],
    ['Redirect URIs (SANDBOX_REDIRECT_URIS, separated by commas)', redirectUris],
    ['Administrators who can sign in', Object.values(ACCOUNTS).map(person)],
    ['Controls (explained in docs/sandbox.md)', controlLines(sandbox.url, kinds)],
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
