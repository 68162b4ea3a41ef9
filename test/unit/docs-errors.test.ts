import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { PAGE_MESSAGES, type PageCause } from '../../src/http/page-messages.ts'
import { toProblem } from '../../src/http/problem.ts'
import { ERRORS, type ErrorCode, ServiceError } from '../../src/shared/errors.ts'

const doc = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')
const [codesPart = '', pagesPart = ''] = doc.split('\n# Pages\n')
const sections = new Map(
  codesPart
    .split('\n## ')
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
)
const CODES = Object.keys(ERRORS) as ErrorCode[]
const CAUSES = Object.keys(PAGE_MESSAGES) as PageCause[]

const exampleIn = (text = ''): unknown => JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '')

describe('docs/errors.md', () => {
  it('has one section per code, in the order of the table', () => {
    expect([...sections.keys()]).toEqual(CODES)
  })

  it.each(CODES)('says of %s what the table says', (code) => {
    const { status, owner, retryable } = ERRORS[code]
    const section = sections.get(code) ?? ''

    expect(section.split('\n')[2]).toBe(
      `\`${status}\` · owner \`${owner}\` · ${retryable ? 'retryable' : 'not retryable'}`,
    )
    expect(section).toMatch(/\*\*When\.\*\* .+\n\n\*\*What to do\.\*\* .+/)
    expect(exampleIn(section)).toMatchObject({ code })
  })

  it('opens with an example as the service answers it', () => {
    const example = exampleIn(codesPart)

    const { body } = toProblem(
      new ServiceError('consent_required', {
        connectionId: 'conn_06da4mzb00eav2t91dk7q4k6t36w01gt',
        connectUrl:
          'https://console.acme.example/knox/connect?connection_id=conn_06da4mzb00eav2t91dk7q4k6t36w01gt',
      }),
      { traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
    )
    expect(example).toEqual(body)
  })

  it('has one row per cause of a page, with its status', () => {
    const rows = [...pagesPart.matchAll(/^\| `(\w+)` \| (\d+) \| .+ \|$/gm)]

    expect(rows.map(([, cause, status]) => [cause, Number(status)])).toEqual(
      CAUSES.map((cause) => [cause, PAGE_MESSAGES[cause].status]),
    )
  })
})
