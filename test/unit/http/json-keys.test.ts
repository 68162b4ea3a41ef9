import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { findKeyProblem } from '../../../src/http/json-keys.ts'

/** A JSON text written member by member, so that a name can occur twice. */
type Node = { readonly members: readonly (readonly [string, Node])[] } | { readonly leaf: unknown }

const name = fc.oneof(fc.constantFrom('a', 'b', '"', '\\', '{', '[', ',', ':'), fc.string())
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.record({ leaf: fc.jsonValue({ maxDepth: 0 }) }),
    fc.record({
      members: fc.array(fc.tuple(name, tie('node')), { maxLength: 4 }),
    }),
  ),
}))

function write(of: Node): string {
  if ('leaf' in of) return JSON.stringify(of.leaf)
  const members = of.members.map(([key, value]) => `${JSON.stringify(key)} :\n${write(value)}`)
  return `{ ${members.join(' , ')}}`
}

const isForbidden = (key: string) => ['__proto__', 'constructor', 'prototype'].includes(key)

function repeats(of: Node): boolean {
  if ('leaf' in of) return false
  const keys = of.members.map(([key]) => key)
  return new Set(keys).size < keys.length || of.members.some(([, value]) => repeats(value))
}

describe('findKeyProblem', () => {
  it('finds nothing in anything that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.boolean(), (value, indented) => {
        const text = JSON.stringify(value, null, indented ? 2 : 0)
        fc.pre(!/__proto__|constructor|prototype/.test(text))

        expect(findKeyProblem(text, 8)).toBeNull()
      }),
    )
  })

  it('finds a duplicate exactly where some object has one', () => {
    fc.assert(
      fc.property(node, (tree) => {
        const text = write(tree)
        fc.pre(!/__proto__|constructor|prototype/.test(text))
        JSON.parse(text)

        expect(findKeyProblem(text, 100)?.kind).toBe(repeats(tree) ? 'duplicate' : undefined)
      }),
    )
  })

  it('compares names after unescaping, however they are escaped', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        fc.pre(!isForbidden(key))
        const units = [...Array(key.length).keys()].map((i) => key.charCodeAt(i))
        const escaped = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')

        const problem = findKeyProblem(`{${JSON.stringify(key)}:1,"${escaped}":2}`, 8)

        expect(problem).toEqual({ kind: 'duplicate', path: [key] })
      }),
    )
  })

  it.each(['__proto__', 'constructor', 'prototype', '__\\u0070roto__'])(
    'refuses the name %s at any depth',
    (key) => {
      const problem = findKeyProblem(`{"a":[1,{"${key}":{}}]}`, 8)

      expect(problem?.kind).toBe('forbidden')
      expect(problem?.path.slice(0, 2)).toEqual(['a', 1])
    },
  )

  it.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"b":[0,{"c":1,"d":"}","c":2}]}}', ['a', 'b', 1, 'c']],
    ['[{},{"x":"\\"","x":1}]', [1, 'x']],
    ['{"":1,"":2}', ['']],
  ])('says where the duplicate in %s is', (text, path) => {
    expect(findKeyProblem(text, 8)).toEqual({ kind: 'duplicate', path })
  })

  it('lets the same name stand in different objects', () => {
    expect(findKeyProblem('{"a":{"a":1},"b":[{"a":1},{"a":2}]}', 8)).toBeNull()
  })

  it('counts depth on both sides of the limit', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

    expect(findKeyProblem(nested(8), 8)).toBeNull()
    expect(findKeyProblem(nested(9), 8)?.kind).toBe('too_deep')
    expect(findKeyProblem('[[[]],[[]]]', 3)).toBeNull()
  })
})
