import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'

const secret = new Secret('canary-value')
const holder = { list: [secret], map: new Map([['key', secret]]) }

describe('a secret', () => {
  it('gives its value to whoever asks for it by name', () => {
    expect(secret.reveal()).toBe('canary-value')
  })

  it.each([
    ['a text', () => String(secret)],
    ['a template', () => `${secret}`],
    ['a sum', () => `a${secret}`.concat(secret as unknown as string)],
    ['JSON', () => JSON.stringify({ holder, secret })],
    ['inspect', () => inspect(holder, { depth: 9, showHidden: true, getters: true })],
    ['its keys', () => JSON.stringify([Object.keys(secret), Object.entries(secret)])],
    ['a copy', () => JSON.stringify({ ...secret })],
    ['an error', () => inspect(new Error(`failed with ${secret}`))],
    ['a clone', () => inspect(Object.assign({}, secret))],
  ])('shows nothing in %s', (_, show) => {
    expect(show()).not.toContain('canary')
  })
})
