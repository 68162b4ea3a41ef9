import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ConfigError } from '../../../src/config/problems.ts'
import { SETTING_PATHS, settingVariable } from '../../../src/config/settings-spec.ts'
import {
  parseCidrs,
  parseCount,
  parseDuration,
  parseFlag,
  parseNames,
  parseSize,
} from '../../../src/config/units.ts'
import { parseVaultKeys } from '../../../src/config/vault-keys.ts'
import { describeReaders } from '../../support/hostile-input.ts'
import { ENV, load, portal, program } from './valid-config.ts'

describeReaders([
  { name: 'parseDuration', read: parseDuration, good: ['500ms', '90s', '30d'] },
  { name: 'parseSize', read: parseSize, good: ['16kb', '1mb', '512'] },
  { name: 'parseCount', read: parseCount, good: ['0', '999999999'] },
  { name: 'parseFlag', read: parseFlag, good: ['true', 'false'] },
  { name: 'parseNames', read: (text) => parseNames(text, ['a', 'b']), good: ['a', 'a,b', 'none'] },
  { name: 'parseCidrs', read: parseCidrs, good: ['10.0.0.0/8,2001:db8::/32', 'none'] },
  {
    name: 'parseVaultKeys',
    read: (text) => parseVaultKeys(text, true)?.map(({ kid, key }) => [kid, key.reveal()]),
    good: [ENV.VAULT_KEYS],
  },
])

describe('a value of any type', () => {
  it('is a setting or is refused, and nothing else', () => {
    const read = [parseDuration, parseSize, parseCount, parseFlag, parseCidrs]
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const one of read) one(value)
        parseNames(value, ['a'])
      }),
    )
  })
})

/** What the configuration says when it is refused: every problem, and no value. */
function refusalOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}

const CANARY = 'c4nary-v4lue-0f-a-f1eld'
/** JSON in which one text could be a secret. */
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)))
const fieldsOf = (whole: Readonly<Record<string, unknown>>) =>
  fc.constantFrom(...Object.keys(whole))

describe('a configuration of which one field is something else', () => {
  it('is taken, or refused with the problems named, and no value in them', () => {
    const value = fc.oneof(json, fc.constant(CANARY), fc.constant({ [CANARY]: CANARY }))
    fc.assert(
      fc.property(fieldsOf(program()), fieldsOf(portal()), value, (inProgram, inPortal, odd) => {
        const refusals = [
          refusalOf(() => load({ programs: [program({ [inProgram]: odd })] })),
          refusalOf(() => load({ portals: [portal({ [inPortal]: odd })] })),
          refusalOf(() => load({ portals: [odd] })),
        ]
        for (const refusal of refusals) expect(refusal).not.toContain(CANARY)
      }),
      { numRuns: 300 },
    )
  })

  it('says no value of a variable either', () => {
    const names = [...Object.keys(ENV), ...SETTING_PATHS.map(settingVariable)]
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(CANARY))
    fc.assert(
      fc.property(fc.constantFrom(...names), value, (name, odd) => {
        const refusal = refusalOf(() => load({ env: { [name]: odd } }))
        expect(refusal).not.toContain(CANARY)
      }),
      { numRuns: 500 },
    )
  })

  it('changes nothing that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const polluted = JSON.parse(`{"${name}":{"polluted":true}}`)
      refusalOf(() => load({ programs: [{ ...program(), ...polluted }] }))
      refusalOf(() => load({ portals: [polluted] }))
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
