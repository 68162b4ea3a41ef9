/**
 * Loaded before everything else: `@jest/globals` is then what Mocha runs. Mocha keeps modules loaded
 * between two mutants, so that one takes milliseconds, and not the seconds of a fresh Jest.
 */
import { registerHooks } from 'node:module'

const globals = new URL('jest-globals.mjs', import.meta.url).href

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier !== '@jest/globals') return nextResolve(specifier, context)
    return { url: globals, shortCircuit: true }
  },
})
