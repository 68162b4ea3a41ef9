import { describe, expect, it } from '@jest/globals'
import { permits, splitScope } from '../../../src/sandbox/knox-oauth/scopes.ts'

describe('scopes of Knox OAuth 2.0', () => {
  it.each([
    ['kme', 'kme', true],
    ['kme', 'kme.devices', true],
    ['kme', 'kme.devices:view', true],
    ['kme.devices', 'kme.devices:manage', true],
    ['kme.devices:manage', 'kme.devices:view', true],
    ['kme.devices:view', 'kme.devices:manage', false],
    ['kme.devices:view', 'kme.devices', false],
    ['kme.devices', 'kme', false],
    ['kme.devices', 'kme.devicesx', false],
    ['kc', 'kcx', false],
    ['kc kme', 'kme.profiles:view', true],
    ['', 'kme', false],
  ])('%j permit %s: %j', (granted, needed, permitted) => {
    expect(permits(splitScope(granted), needed)).toBe(permitted)
  })
})
