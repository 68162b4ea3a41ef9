/** Options every project shares: native ESM, TypeScript stripped by SWC, no module mocking. */
const base = {
  testEnvironment: 'node',
  injectGlobals: false,
  extensionsToTreatAsEsm: ['.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
}

const project = (name, extra = {}) => ({
  ...base,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  ...extra,
})

/** One private redis-server for every project that needs one, started and stopped once a run. */
const redis = {
  globalSetup: '<rootDir>/test/support/global-redis.ts',
  globalTeardown: '<rootDir>/test/support/global-redis-stop.ts',
}

/** @type {import('jest').Config} */
export default {
  // A set-up that failed half-way must not keep the run from ending; what it started ends with it.
  forceExit: true,
  testTimeout: 30_000,
  maxWorkers: 2,
  projects: [
    project('unit'),
    project('integration', redis),
    project('conformance'),
    project('fault', redis),
    project('e2e', redis),
  ],
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/serve.ts'],
  coverageProvider: 'v8',
}
