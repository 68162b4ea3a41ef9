import { randomBytes } from 'node:crypto'
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { type ConfigDirOptions, type StackPortal, writeConfigDir } from './config-dir.ts'
import { freePort, type ServiceProcess, startServiceProcess } from './service-process.ts'

export interface StackOptions {
  /** `memory:` when absent. */
  readonly redisUrl?: string
  readonly portals?: readonly StackPortal[]
  /** How many service processes share the store and the public URL of the first. */
  readonly replicas?: number
  /** More variables for the service, such as `KNOXGATE_REFRESH_LEASE`. */
  readonly env?: Readonly<Record<string, string>>
  readonly program?: Pick<ConfigDirOptions, 'likewise' | 'fields' | 'knox' | 'samsungAccount'>
  /** `src/main.ts` when absent. */
  readonly entry?: string
  /** Origin that browsers use, when it is not the first service itself. */
  readonly publicUrl?: string
  readonly port?: number
  readonly sandbox?: Sandbox
}

/** A sandbox and one or more services configured for it, each service in a process of its own. */
export interface Stack {
  readonly sandbox: Sandbox
  readonly services: readonly ServiceProcess[]
  /** The first service's public origin. */
  readonly url: string
  readonly adminToken: string
  readonly programId: string
  readonly portals: readonly StackPortal[]
  /** API key of a portal. */
  apiKey(portalId?: string): string
  /** The environment of the services, for starting another one. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

const PROGRAM_ID = 'emm-eu'

const DEFAULT_PORTAL: StackPortal = {
  id: 'acme-console',
  name: 'Acme Console',
  returnUrl: 'http://localhost:3999/knox/return',
  reconnectUrl: 'http://localhost:3999/knox/connect',
}

const secret = () => randomBytes(32).toString('base64')

/** Starts everything on free loopback ports; `close` stops all of it. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { portals = [DEFAULT_PORTAL], replicas = 1 } = options
  const port = options.port ?? (await freePort())
  const publicUrl = options.publicUrl ?? `http://localhost:${port}`
  const programIds = [PROGRAM_ID, ...(options.program?.likewise ?? [])]
  const redirectUris = programIds.map((id) => `${publicUrl}/callback/${id}`)
  const sandbox = options.sandbox ?? (await createSandbox({ clock: Date.now }))
  sandbox.control({ redirectUris })
  const pepper = secret()
  const adminToken = secret()
  const config = writeConfigDir({
    sandbox,
    portals,
    pepper,
    programId: PROGRAM_ID,
    ...options.program,
  })
  const env = {
    KNOXGATE_MODE: 'development',
    PUBLIC_URL: publicUrl,
    ADMIN_PORT: '0',
    REDIS_URL: options.redisUrl ?? 'memory:',
    VAULT_KEYS: `k1:${secret()}`,
    API_KEY_PEPPER: pepper,
    ADMIN_TOKEN: adminToken,
    CONFIG_DIR: config.path,
    ...config.env,
    ...options.env,
  }
  const services: ServiceProcess[] = []
  const close = async () => {
    await Promise.all(services.map((service) => service.stop()))
    if (options.sandbox === undefined) await sandbox.close()
    config.remove()
  }
  try {
    for (let replica = 0; replica < replicas; replica++) {
      const own = { ...env, PORT: replica === 0 ? String(port) : '0' }
      services.push(await startServiceProcess(own, options.entry))
    }
  } catch (error) {
    await close()
    throw error
  }

  return {
    sandbox,
    services,
    url: services[0]?.url ?? '',
    adminToken,
    programId: PROGRAM_ID,
    portals,
    env,
    apiKey: (portalId = portals[0]?.id ?? '') => config.apiKeys.get(portalId) ?? '',
    close,
  }
}
