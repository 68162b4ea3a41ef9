import { join } from 'node:path'
import type { Config } from './config.ts'
import type { ConfigFiles, Environment } from './files.ts'
import { loadPortals } from './load-portals.ts'
import { loadPrograms } from './load-programs.ts'
import { loadSettings } from './load-settings.ts'
import { ConfigError, type Problem, type Report } from './problems.ts'
import { CONFIG_DIR, MODE, readProcessVariables } from './process-variables.ts'
import { createResolve } from './references.ts'
import { checkRuntime, type Runtime } from './runtime.ts'
import type { ParseKeys } from './secret-fields.ts'
import { reportUnknownVariables } from './unknown-variables.ts'
import { createVariableReader } from './variables.ts'
import { deepFreeze, whole } from './whole.ts'

/** What `loadConfig` needs from elsewhere. */
export interface ConfigDeps {
  readonly parseKeys: ParseKeys
  /** Path of the `default.json` that came with the program. */
  readonly packagedDefaults: string
  /** Looked at when it is given. */
  readonly runtime?: Runtime | undefined
}

/**
 * Reads and checks everything the process is told: variables, `programs.json`, `portals.json` and
 * the settings. What is returned is frozen and can be relied on.
 *
 * @throws ConfigError with every problem at once; it never holds a value.
 */
export function loadConfig(env: Environment, files: ConfigFiles, deps: ConfigDeps): Config {
  const problems: Problem[] = []
  const warnings: string[] = []
  const report: Report = (problem) => void problems.push(problem)
  const warn = (warning: string): void => void warnings.push(warning)

  const read = createVariableReader(env, files, report)
  const mode = read('KNOXGATE_MODE', MODE)
  const configDir = read('CONFIG_DIR', CONFIG_DIR) ?? ''
  const strict = mode !== 'development'
  if (deps.runtime !== undefined) checkRuntime(deps.runtime, { strict, report, warn })
  const variables = readProcessVariables(read, strict)
  checkProcess(env, variables, report)
  const file = (name: string, example: string) => ({
    path: join(configDir, name),
    source: `config/${name}`,
    example,
  })
  const settings = loadSettings(
    env,
    files,
    {
      packaged: { ...file('default.json', 'install again'), path: deps.packagedDefaults },
      own: file('default.json', ''),
    },
    report,
  )
  const resolve = createResolve(env, files, configDir)
  const context = { strict, files, resolve, report, warn, parseKeys: deps.parseKeys }
  const { programs, ids: programIds } = loadPrograms(
    file('programs.json', 'start from config/programs.example.json'),
    context,
  )
  const portals = loadPortals(file('portals.json', 'start from config/portals.example.json'), {
    ...context,
    programIds,
  })
  const config = whole({ mode, ...variables, settings, programs, portals, warnings })
  if (config === undefined || problems.length > 0) throw new ConfigError(problems)
  return deepFreeze(config)
}

function checkProcess(
  env: Environment,
  { port, adminPort, adminToken, adminReadToken }: ReturnType<typeof readProcessVariables>,
  report: Report,
): void {
  if (port !== undefined && port !== 0 && port === adminPort) {
    report({ source: 'ADMIN_PORT', rule: 'must not be the same port as PORT', example: '9090' })
  }
  if (adminToken !== undefined && adminToken.reveal() === adminReadToken?.reveal()) {
    report({ source: 'ADMIN_READ_TOKEN', rule: 'must not be the same as ADMIN_TOKEN' })
  }
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    const rule = 'must not be 0: it switches the check of certificates off for every connection'
    report({ source: 'NODE_TLS_REJECT_UNAUTHORIZED', rule, example: 'NODE_EXTRA_CA_CERTS=ca.pem' })
  }
  reportUnknownVariables(env, report)
}
