/**
 * `npm run mutation`: what the unit tests of the token protocol and of authentication would not notice.
 *
 * Left out are the parts that only talk to Redis (`store-redis*`): the integration and fault tests run them
 * against real servers, and there is no Redis here.
 */
export default {
  mutate: [
    'src/signing/*.ts',
    'src/vault/*.ts',
    '!src/vault/store-redis*.ts',
    'src/access/*.ts',
    'src/portal/{admit,api-key,authenticate}.ts',
  ],
  // Texts are what people read, and no test should hold a message word for word.
  mutator: { excludedMutations: ['StringLiteral'] },
  plugins: ['@stryker-mutator/mocha-runner'],
  testRunner: 'mocha',
  testRunnerNodeArgs: [
    '--import=./test/mutation/as-mocha.mjs',
    '--disable-warning=ExperimentalWarning',
  ],
  mochaOptions: { spec: ['test/unit/{signing,vault,access,portal}/*.test.ts'] },
  coverageAnalysis: 'perTest',
  // Modules are loaded once, so a mutant in what runs while they load cannot be switched on.
  ignoreStatic: true,
  // Nobody reads it: Node strips the types.
  tsconfigFile: 'none',
  ignorePatterns: ['/biome.json', '/dist', '/docs', '/.knoxgate', '/coverage', '/bench', '/chaos', '/examples'],
  incremental: true,
  incrementalFile: '.knoxgate/mutation/incremental.json',
  tempDirName: '.knoxgate/mutation/tmp',
  reporters: ['clear-text', 'progress-append-only', 'json'],
  jsonReporter: { fileName: '.knoxgate/mutation/report.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 6,
  timeoutMS: 10_000,
  timeoutFactor: 1.5,
  thresholds: { high: 95, low: 85, break: 85 },
}
