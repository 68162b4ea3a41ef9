/** Why a JSON text is refused although it parses. `path` leads to the offending member or value. */
export interface KeyProblem {
  readonly kind: 'duplicate' | 'forbidden' | 'too_deep'
  readonly path: readonly (string | number)[]
}

/** Member names that reach an object's prototype when a value is copied or merged carelessly. */
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** An open array (`names` is null) or object, and where in it the scanner stands. */
interface Frame {
  readonly names: Set<string> | null
  at: string | number
  /** In an object: the next string is a member name. */
  expectsName: boolean
}

/**
 * Finds what `JSON.parse` passes over in silence: a member name that occurs twice in one object, a
 * name that touches the prototype, and nesting beyond `maxDepth` (an object or array within none is
 * depth 1).
 *
 * Names are compared after unescaping, so `"a"` and `"\u0061"` are the same (RFC 8259 §8.3).
 *
 * @param text - A JSON text that `JSON.parse` has accepted; on anything else the result has no
 *   meaning.
 * @returns The first problem in the order of the text, or null.
 */
export function findKeyProblem(text: string, maxDepth: number): KeyProblem | null {
  const stack: Frame[] = []
  const problem = (kind: KeyProblem['kind'], frames: readonly Frame[] = stack): KeyProblem => ({
    kind,
    path: frames.map((frame) => frame.at),
  })
  for (let i = 0; i < text.length; i++) {
    const top = stack.at(-1)
    switch (text[i]) {
      case '{':
      case '[':
        if (stack.length === maxDepth) return problem('too_deep')
        stack.push(open(text[i] === '{'))
        break
      case '}':
      case ']':
        stack.pop()
        break
      case ',':
        if (top !== undefined) advance(top)
        break
      case '"': {
        const end = endOfString(text, i)
        const kind = top?.expectsName === true ? readName(top, text.slice(i, end + 1)) : null
        if (kind !== null) return problem(kind)
        i = end
        break
      }
    }
  }
  return null
}

const open = (isObject: boolean): Frame => ({
  names: isObject ? new Set() : null,
  at: isObject ? '' : 0,
  expectsName: isObject,
})

function advance(frame: Frame): void {
  if (typeof frame.at === 'number') frame.at += 1
  else frame.expectsName = true
}

/** Index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}

/** Takes a member name into its object's frame and says what is wrong with it. */
function readName(frame: Frame, literal: string): 'duplicate' | 'forbidden' | null {
  const name = literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
  frame.at = name
  frame.expectsName = false
  if (FORBIDDEN.has(name)) return 'forbidden'
  if (frame.names?.has(name) === true) return 'duplicate'
  frame.names?.add(name)
  return null
}
