import { ModernFakeTimers } from '@jest/fake-timers'
import { bind } from 'jest-each'
import { ModuleMocker } from 'jest-mock'

export { expect } from 'expect'

/* What the unit tests take from `@jest/globals`, on top of Mocha's own. */

const mocha = globalThis

/** A test that waits for what a mutant never does is over soon. */
const MOST_MS = 2500

/** To Mocha a hook outside of `describe` is one of all files; to Jest it is one of its file. */
function ofThisFile(run) {
  const file = /\/test\/unit\/[^:)]+\.test\.ts/.exec(new Error().stack)?.[0]
  return function hook() {
    this.timeout(MOST_MS)
    return this.currentTest.file.endsWith(file) ? run() : undefined
  }
}

export const describe = Object.assign((...args) => mocha.describe(...args), {
  each: bind((...args) => mocha.describe(...args), false),
})
const addTest = (title, run) => mocha.it(title, run).timeout(MOST_MS)
export const it = Object.assign(addTest, { each: bind(addTest) })
export const beforeAll = (run) => mocha.before(run)
export const afterAll = (run) => mocha.after(run)
export const beforeEach = (run) => mocha.beforeEach(ofThisFile(run))
export const afterEach = (run) => mocha.afterEach(ofThisFile(run))

const timers = new ModernFakeTimers({
  global: globalThis,
  config: { rootDir: process.cwd(), fakeTimers: {} },
})
const mocks = new ModuleMocker(globalThis)

export const jest = {
  useFakeTimers: (config) => timers.useFakeTimers(config),
  useRealTimers: () => timers.useRealTimers(),
  advanceTimersByTimeAsync: (ms) => timers.advanceTimersByTimeAsync(ms),
  getTimerCount: () => timers.getTimerCount(),
  setSystemTime: (now) => timers.setSystemTime(now),
  fn: (implementation) => mocks.fn(implementation),
  spyOn: (...args) => mocks.spyOn(...args),
  restoreAllMocks: () => mocks.restoreAllMocks(),
}
