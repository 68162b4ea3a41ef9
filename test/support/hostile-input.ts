import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'

/** Something that reads text, or whatever JSON can be, from outside. */
export interface Reader {
  readonly name: string
  /** May say no by null, undefined, or an error that it declares. */
  readonly read: (input: string) => unknown
  /** Inputs that it takes; hostile ones are made out of them too. */
  readonly good: readonly string[]
  /** Whether an error is one of those that it may throw; none, when absent. */
  readonly declares?: (error: unknown) => boolean
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** Longer than anything that may come from outside unbounded. */
const LONG = 100_000
/** For an input of that length; a reader that tries again and again takes minutes. */
const PROMPT_MS = 300
const RUNS = 400

const FRAGMENTS = [
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '__proto__',
  '\u0000',
  '\r\n',
  '\ud800',
  '\u202e',
  '\ufeff',
  '%',
  '%c3%28',
  '=',
  '.',
  ',',
  ';',
  '"',
  '\\',
  '[',
  '{',
  '-1',
  '1e999',
  '99999999999999999999',
  'null',
  ' ',
] as const

/** Text of any kind, JSON of any kind, and texts that were good before something was done to them. */
function hostile(good: readonly string[]): fc.Arbitrary<string> {
  const fragment = fc.oneof(
    fc.constantFrom(...FRAGMENTS),
    fc.string({ unit: 'binary', maxLength: 8 }),
  )
  const edited = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.nat({ max: 12 }), fragment)
    .map(([text, start, length, piece]) => {
      const at = start % (text.length + 1)
      return text.slice(0, at) + piece + text.slice(at + length)
    })
  const twice = fc.constantFrom(...good).map((text) => text + text)
  const retyped = fc.tuple(fc.constantFrom(...good), fc.nat(), fc.jsonValue()).map(retype)
  return fc.oneof(
    { weight: 3, arbitrary: edited },
    { weight: 2, arbitrary: retyped },
    { weight: 1, arbitrary: twice },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.array(fragment).map((pieces) => pieces.join('')) },
  )
}

/** One member of a JSON text, at any depth, becomes something else. */
function retype([text, choice, value]: [string, number, unknown]): string {
  try {
    const whole: unknown = JSON.parse(text)
    let left = choice % Math.max(1, countMembers(whole))
    return JSON.stringify(whole, (_name, member: unknown) => (left-- === 0 ? value : member)) ?? ''
  } catch {
    return text + JSON.stringify(value)
  }
}

const countMembers = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, one) => sum + countMembers(one), 1)
    : 1

function tryTo(read: Reader['read'], input: string): Outcome {
  try {
    return { value: read(input) }
  } catch (error) {
    return { error }
  }
}

/** Own names and values of what every object has. */
const everywhere = () =>
  [Object.prototype, Array.prototype, Function.prototype].map((one) =>
    Reflect.ownKeys(one).map((name) => [name, Reflect.getOwnPropertyDescriptor(one, name)]),
  )

/** Inputs that are long and look as if they went on for ever. */
const longInputs = (good: readonly string[]): readonly string[] => [
  ...good.map((text) => (text === '' ? '' : text.repeat(Math.ceil(LONG / text.length)))),
  ...FRAGMENTS.map((piece) => piece.repeat(LONG / piece.length)),
  ...good.map((text) => text.slice(0, -1) + 'a'.repeat(LONG)),
  ...good.map((text) => ' '.repeat(LONG) + text),
  '['.repeat(LONG / 2) + ']'.repeat(LONG / 2),
]

/**
 * Tests that readers take what they should, and that nothing makes them throw what they do not declare,
 * differ from one time to the next, change what every object has, or take long.
 */
export function describeReaders(readers: readonly Reader[]): void {
  describe.each(readers.map((reader) => [reader.name, reader] as const))('%s', (_, reader) => {
    const { read, good, declares = () => false } = reader

    it.each(good.map((text) => [text.slice(0, 60), text]))('takes %j', (_shown, text) => {
      const outcome = tryTo(read, text)
      expect(outcome).not.toHaveProperty('error')
      expect('value' in outcome ? outcome.value : null).not.toBeNull()
      expect('value' in outcome ? outcome.value : null).not.toBeUndefined()
    })

    it('throws nothing that it does not declare, and says the same twice', () => {
      fc.assert(
        fc.property(hostile(good), (input) => {
          const [one, other] = [tryTo(read, input), tryTo(read, input)]
          if ('error' in one && !declares(one.error)) throw one.error
          return isDeepStrictEqual(plain(one), plain(other))
        }),
        { numRuns: RUNS },
      )
    })

    it('changes nothing that every object has', () => {
      const before = everywhere()
      fc.assert(
        fc.property(hostile(good), (input) => void tryTo(read, input)),
        { numRuns: RUNS },
      )
      for (const piece of FRAGMENTS) tryTo(read, piece)
      expect(everywhere()).toEqual(before)
      expect(Reflect.get({}, 'polluted')).toBeUndefined()
    })

    it('comes to an end soon, however long the input', () => {
      for (const input of longInputs(good)) {
        const outcome = tryTo(read, input)
        if ('error' in outcome && !declares(outcome.error)) throw outcome.error
        const shown = [input.slice(0, 40), input.length]
        expect([...shown, isPrompt(read, input)]).toEqual([...shown, true])
      }
    })
  })
}

/** Once is enough: a busy machine may take a process from its work at any moment. */
function isPrompt(read: Reader['read'], input: string): boolean {
  return [1, 2, 3].some(() => {
    const startedAt = performance.now()
    tryTo(read, input)
    return performance.now() - startedAt < PROMPT_MS
  })
}

/** Errors are the same when they say the same. */
const plain = (outcome: Outcome): unknown =>
  'error' in outcome ? String(outcome.error) : outcome.value
