import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { portalSchema } from '../../../src/config/load-portals.ts'
import { ConfigError } from '../../../src/config/problems.ts'
import { samsungAccountProgram } from '../../../src/config/program-schema.ts'
import { readConfig } from '../../../src/config/read-config.ts'
import { SETTING_PATHS, settingVariable } from '../../../src/config/settings-spec.ts'
import { newKeysJson } from './valid-config.ts'

const root = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

const example = read('.env.example')
const withSettings = example.replace(/^#(KNOXGATE_[A-Z_]+=)/gm, '$1')
let directory = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'knoxgate-examples-'))
  for (const name of ['programs', 'portals']) {
    copyFileSync(new URL(`config/${name}.example.json`, root), join(directory, `${name}.json`))
  }
  mkdirSync(join(directory, 'keys'))
  writeFileSync(join(directory, 'keys/emm-eu.json'), newKeysJson(), { mode: 0o600 })
})

afterAll(() => rmSync(directory, { recursive: true }))

describe('.env.example with the example files', () => {
  it('is a valid configuration for development', () => {
    const config = readConfig({ ...parseEnv(example), CONFIG_DIR: directory })

    expect(config).toMatchObject({ mode: 'development', warnings: [] })
    expect(config.programs.map(({ id }) => id)).toEqual(['emm-eu'])
    expect(config.portals.map(({ id }) => id)).toEqual(['acme-console'])
  })

  it('shows the defaults of all settings', () => {
    const plain = readConfig({ ...parseEnv(example), CONFIG_DIR: directory })
    const explicit = readConfig({ ...parseEnv(withSettings), CONFIG_DIR: directory })

    expect(explicit.settings).toEqual(plain.settings)
    expect(withSettings.match(/^KNOXGATE_\w+(?==)/gm)).toEqual(
      expect.arrayContaining(SETTING_PATHS.map(settingVariable)),
    )
  })

  it('is refused in strict mode, secret by secret', () => {
    const env = { ...parseEnv(example), CONFIG_DIR: directory, KNOXGATE_MODE: 'strict' }

    expect(placesOf(env)).toEqual([
      'REDIS_URL',
      'VAULT_KEYS',
      'API_KEY_PEPPER',
      'ADMIN_TOKEN',
      'config/programs.json [0].client_identifier',
      'config/programs.json [0].samsung_account.client_secret',
    ])
  })

  it('mentions every variable that is read', () => {
    const names = namesRead()

    expect(names).toContain('PUBLIC_URL')
    expect(names.filter((name) => !example.includes(name))).toEqual([])
  })

  it('has a line of comment above every variable', () => {
    const lines = example.split('\n')
    const bare = lines.filter(
      (line, index) => /^#?[A-Z_]+=/.test(line) && !/^# \S/.test(lines[index - 1] ?? ''),
    )

    expect(bare).toEqual([])
  })
})

describe('docs/configuration.md', () => {
  const docs = read('docs/configuration.md')

  it('has a row for every variable of the process', () => {
    const names = namesRead().filter((name) => !name.startsWith('EMM_EU_'))

    expect(names.filter((name) => !docs.includes(`\`${name}`))).toEqual([])
  })

  it('has a row for every setting with its variable and its default', () => {
    const defaults = parseEnv(withSettings)
    const rows = SETTING_PATHS.map((path) => {
      const variable = settingVariable(path)
      return `| \`${path}\` | \`${variable}\` | \`${defaults[variable]}\` |`
    })

    expect(rows.filter((row) => !docs.includes(row))).toEqual([])
  })

  it('has a row for every field of programs.json and portals.json', () => {
    const context = { strict: true, resolve: () => ({ rule: '' }) }
    const program = samsungAccountProgram({
      ...context,
      parseKeys: () => ({ rule: '' }),
      onKeys: () => undefined,
    })
    const portal = portalSchema({ ...context, programIds: undefined })
    const fields = [...fieldsOf(program), ...fieldsOf(portal)]

    expect(fields).toEqual(expect.arrayContaining(['knox.base_url', 'api_keys', 'api_keys[].hash']))
    expect(fields.filter((field) => !docs.includes(`\n| \`${field}\` |`))).toEqual([])
  })
})

/** The variables that reading the examples asks for, without those that end in `_FILE`. */
function namesRead(): readonly string[] {
  const names = new Set<string>()
  const env = { ...parseEnv(example), CONFIG_DIR: directory }
  readConfig(
    new Proxy(env, {
      get: (target, name) => {
        names.add(String(name))
        return Reflect.get(target, name)
      },
    }),
  )
  return [...names].filter((name) => !name.endsWith('_FILE'))
}

function placesOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ source, field }) => (field ? `${source} ${field}` : source))
  }
  return []
}

/** Names of the fields of a schema, as the documentation writes them. */
function fieldsOf(schema: unknown, path = ''): readonly string[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([name, field]) =>
      fieldsOf(field, path === '' ? name : `${path}.${name}`),
    )
  }
  const items = schema instanceof z.ZodArray ? fieldsOf(schema.element, `${path}[]`) : []
  return [path, ...items.filter((item) => item !== `${path}[]`)]
}
